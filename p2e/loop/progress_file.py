"""A small file that tells other programs how far a run is."""

import json
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

# Seconds of learning before a speed is stated.
BASIS = 5.0


class ProgressFile:
    """Keeps `path` up to date while a run trains: an object of JSON, replaced as a whole.

    step, steps: environment steps made, and those of the whole run. seconds: of this attempt.
    steps_per_second: since the first step that learned in this attempt, or null before there is a
    basis: the steps of the warm-up say nothing about those that learn. updated: seconds since 1970.
    pid, host: of the process that trains.

    A file that cannot be written is left out: it decides nothing.

    Args:
        warmup_steps: environment steps without learning, from the beginning of the run.
        interval: seconds between two versions of the file.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        path: Path,
        steps: int,
        warmup_steps: int,
        interval: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path, self._steps, self._warmup = path, steps, warmup_steps
        self._interval, self._clock = interval, clock
        self._started = self._written = clock()
        self._learning: tuple[int, float] | None = None

    def update(self, step: int, at_once: bool = False) -> None:
        """The run has made `step` environment steps; written if the file is old enough."""
        now = self._clock()
        if self._learning is None and step > self._warmup:
            self._learning = step, now
        if at_once or now - self._written >= self._interval:
            self._write(step, now)
            self._written = now

    def _write(self, step: int, now: float) -> None:
        content = {
            "step": step,
            "steps": self._steps,
            "seconds": round(now - self._started, 3),
            "steps_per_second": self._speed(step, now),
            "updated": time.time(),
            "pid": os.getpid(),
            "host": socket.gethostname(),
        }
        temporary = self._path.with_name(self._path.name + ".part")
        with suppress(OSError):
            temporary.write_text(json.dumps(content) + "\n", encoding="utf-8")
            os.replace(temporary, self._path)

    def _speed(self, step: int, now: float) -> float | None:
        if self._learning is None:
            return None
        first, since = self._learning
        if step == first or now - since < BASIS:
            return None
        return round((step - first) / (now - since), 3)
