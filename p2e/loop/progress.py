"""Progress while training: a bar at a terminal, plain lines in a log."""

import sys
import time
from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from tqdm import tqdm

from p2e.loop.progress_file import ProgressFile

SHOWN = ("intrinsic_reward", "actor_loss", "critic_loss", "alpha", "world_loss")


@runtime_checkable
class Stream(Protocol):
    """A text file that can say whether it is a terminal."""

    def write(self, text: str, /) -> int: ...

    def flush(self) -> None: ...

    def isatty(self) -> bool: ...


class Progress:
    """Shows each finished episode with the latest losses.

    Args:
        total: environment steps of the run.
        done: steps already made by an earlier attempt.
        seconds_between_lines: in a log, at most one line in this time.
        file: kept up to date for other programs.
    """

    def __init__(
        self,
        total: int,
        done: int,
        stream: Stream | None = None,
        seconds_between_lines: float = 5,
        file: ProgressFile | None = None,
    ) -> None:
        self._stream: Stream = sys.stderr if stream is None else stream
        self._total, self._done = total, done
        self._interval = seconds_between_lines
        self._last_line = -float("inf")
        self._losses: dict[int, dict[str, float]] = {}
        self._bar = (
            tqdm(total=total, initial=done, unit="step", file=self._stream, dynamic_ncols=True)
            if self._stream.isatty()
            else None
        )
        self._file = file
        if file is not None:
            file.update(done, at_once=True)

    def step(self) -> None:
        """One more environment step of every seed."""
        self._done += 1
        if self._bar is not None:
            self._bar.update()
        if self._file is not None:
            self._file.update(self._done)

    def losses(self, seed: int, means: Mapping[str, float]) -> None:
        """The latest means of a seed's logged metrics."""
        self._losses[seed] = {name: means[name] for name in SHOWN if name in means}

    def episode(self, seed: int, episode: int, episode_return: float) -> None:
        """An episode has ended."""
        numbers = {"reward": f"{episode_return:.2f}"}
        losses = self._losses.get(seed, {})
        numbers |= {name.replace("_", " "): f"{value:.4g}" for name, value in losses.items()}
        text = f"seed {seed} | episode {episode} | " + " | ".join(
            f"{name} {value}" for name, value in numbers.items()
        )
        if self._bar is not None:
            self._bar.set_postfix_str(text, refresh=False)
        elif time.monotonic() - self._last_line >= self._interval:
            self.say(f"step {self._done}/{self._total} | {text}")
            self._last_line = time.monotonic()

    def say(self, line: str) -> None:
        """A line of its own."""
        if self._bar is not None:
            self._bar.write(line, file=self._stream)
        else:
            print(line, file=self._stream, flush=True)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
        if self._file is not None:
            self._file.update(self._done, at_once=True)
