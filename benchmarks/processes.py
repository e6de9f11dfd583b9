"""The processes that are measured: each system in its own, which stays alive between rounds."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from benchmarks.peer_environments import python_of

WORKERS = Path(__file__).resolve().parent / "workers"

Shares = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class System:
    """How to start a worker.

    Args:
        peer: the library, as in its requirements file; None for our own environment.
        command: script and arguments.
        shares: for each of its processes, the arguments that it adds to the command.
    """

    peer: str | None
    command: list[str]
    shares: Shares = ((),)


class Measurable(Protocol):
    """What can be measured again and again."""

    def measure(self, steps: int) -> dict[str, Any]: ...

    def close(self) -> None: ...


class Worker:
    """One process of a system, with one thread, bound to a core if one is given.

    Args:
        share: arguments that it adds to the command.
    """

    def __init__(self, system: System, core: int | None, share: Sequence[str] = ()) -> None:
        python = sys.executable if system.peer is None else str(python_of(system.peer))
        script, *arguments = system.command
        one = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        xla = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - as long as the process
        self._process = subprocess.Popen(
            [python, str(WORKERS / script), *arguments, *share],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=os.environ | one | {"XLA_FLAGS": xla, "PYTHONWARNINGS": "ignore"},
            preexec_fn=None if core is None else lambda: os.sched_setaffinity(0, {core}),
        )
        self._name = script

    def ask_for(self, steps: int) -> None:
        """Start a measurement of this many steps; `answer` waits for its result."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{steps}\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """The next line of its output: its description, then one line per measurement."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._errors.seek(0)
            last = self._errors.read()[-2000:]
            raise SystemExit(f"{last}\nerror: a worker ended: {self._name}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def measure(self, steps: int) -> dict[str, Any]:
        """One measurement of this many steps."""
        self.ask_for(steps)
        return self.answer()

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


class Workers:
    """All processes of a system."""

    def __init__(self, system: System, core: int | None) -> None:
        self._workers = [Worker(system, core, share) for share in system.shares]
        described = [worker.answer() for worker in self._workers]
        self.description = described[0] | {"processes": len(described)}
        if "seeds" in described[0]:
            self.description["seeds"] = sum(each["seeds"] for each in described)

    def measure(self, steps: int) -> dict[str, float]:
        """The sum of their steps and updates, in the time of the slowest process."""
        for worker in self._workers:
            worker.ask_for(steps)
        answers = [worker.answer() for worker in self._workers]
        slowest = max(answers, key=lambda answer: float(answer["seconds"]))
        counts = ("environment_steps", "updates")
        return slowest | {name: sum(answer[name] for answer in answers) for name in counts}

    def close(self) -> None:
        for worker in self._workers:
            worker.close()


def measured_in_turn(
    workers: Mapping[str, Measurable], rounds: int, steps: Mapping[str, int]
) -> dict[str, list[dict[str, Any]]]:
    """The measurements of each system, of so many steps; every round measures all systems."""
    measured: dict[str, list[dict[str, Any]]] = {name: [] for name in workers}
    for _ in range(rounds):
        for name, worker in workers.items():
            measured[name].append(worker.measure(steps[name]))
    for worker in workers.values():
        worker.close()
    return measured
