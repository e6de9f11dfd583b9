"""Environment steps and updates a second, of our programs and of others, on one core.

Every system runs in a process of its own that stays ready; the rounds go through the systems in
turn, so that a machine that is slow for a while is slow for all. Prints one JSON line a system and
a table of medians over the rounds.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.peer_environments import python_of

WORKERS = Path(__file__).resolve().parent / "workers"

SAC_SIZES = {"hidden": [256, 256], "batch_size": 256, "warmup_steps": 500}


@dataclass(frozen=True)
class System:
    """How to start a worker.

    Args:
        peer: names the requirements file; None for our own environment.
        command: script and arguments, without the task.
    """

    peer: str | None
    command: list[str]


def sac_systems(precision: str) -> dict[str, System]:
    """SAC at SB3's defaults: two hidden layers of 256, batches of 256, an update every step."""
    sizes = json.dumps(SAC_SIZES)
    agent = {"hidden": SAC_SIZES["hidden"], "batch_size": SAC_SIZES["batch_size"]}
    training = {
        "warmup_steps": SAC_SIZES["warmup_steps"],
        "evaluation_interval": 10**9,
        "precision": precision,
    }
    settings = json.dumps({"sac": {"agent": agent}, "training": training})
    ours = ["ours.py", "--algorithm", "sac", "--settings", settings]
    return {
        "ours": System(None, ours),
        "stable-baselines3": System(
            "sb3", ["stable_baselines.py", "stable-baselines3", "--sizes", sizes]
        ),
        "sbx": System("sbx", ["stable_baselines.py", "sbx", "--sizes", sizes]),
    }


SYSTEMS = {"sac": sac_systems}


class Worker:
    """A system's process, bound to one core and one thread."""

    def __init__(self, system: System, task: str, core: int) -> None:
        python = sys.executable if system.peer is None else str(python_of(system.peer))
        script, *arguments = system.command
        one = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        xla = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        self._process = subprocess.Popen(
            [python, str(WORKERS / script), *arguments, "--task", task],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | one | {"XLA_FLAGS": xla, "PYTHONWARNINGS": "ignore"},
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )
        self.description = self._answer()

    def measure(self, steps: int) -> dict[str, float]:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{steps}\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"error: a worker ended: {' '.join(map(str, self._process.args))}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def rates(rounds: list[dict[str, float]]) -> dict[str, Any]:
    """Medians over the rounds, and the environment steps a second of each round."""
    steps = [r["environment_steps"] / r["seconds"] for r in rounds]
    updates = [r["updates"] / r["update_seconds"] for r in rounds]
    return {
        "environment_steps_per_second": round(statistics.median(steps), 2),
        "updates_per_second": round(statistics.median(updates), 2),
        "rounds": [round(value, 2) for value in steps],
    }


def compare(
    systems: dict[str, System], task: str, rounds: int, steps: int, core: int
) -> dict[str, dict[str, Any]]:
    """The results of each system, measured in turn."""
    workers = {name: Worker(system, task, core) for name, system in systems.items()}
    measured: dict[str, list[dict[str, float]]] = {name: [] for name in systems}
    for _ in range(rounds):
        for name, worker in workers.items():
            measured[name].append(worker.measure(steps))
    for worker in workers.values():
        worker.close()
    return {
        name: worker.description | {"task": task} | rates(measured[name])
        for name, worker in workers.items()
    }


def table(results: dict[str, dict[str, Any]]) -> str:
    """Medians, and what ours is to each of them."""
    lines = [f"{'system':20} {'env steps/s':>12} {'updates/s':>12} {'ours is':>10}"]
    ours = results.get("ours", {}).get("environment_steps_per_second")
    for name, result in results.items():
        speed, updates = result["environment_steps_per_second"], result["updates_per_second"]
        ratio = f"{ours / speed:.2f}x" if ours else ""
        lines.append(f"{name:20} {speed:12.1f} {updates:12.1f} {ratio:>10}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--algorithm", default="sac", choices=sorted(SYSTEMS))
    parser.add_argument("--task", default="HalfCheetah-v5")
    parser.add_argument("--precision", default="float32", choices=("float32", "medium"))
    parser.add_argument("--systems", help="names to measure, with commas between; default: all")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=300, help="environment steps in a round")
    parser.add_argument("--core", type=int, default=0)
    options = parser.parse_args()
    systems = SYSTEMS[options.algorithm](options.precision)
    names = options.systems.split(",") if options.systems else list(systems)
    unknown = set(names) - systems.keys()
    if unknown:
        parser.error(f"unknown systems {sorted(unknown)}, expected some of {sorted(systems)}")
    chosen = {name: systems[name] for name in names}
    results = compare(chosen, options.task, options.rounds, options.steps, options.core)
    for name, result in results.items():
        print(json.dumps({"name": name} | result))
    print(table(results))


if __name__ == "__main__":
    main()
