"""Environment steps and updates per second, ours and other libraries', on one core or one GPU.

Every system runs in its own process, which stays alive between rounds. Every round measures all
systems, one after the other, so that a temporary slowdown of the machine affects all of them.
Prints one JSON line per system and a table of medians over the rounds.

throughput.py --algorithm sac    ours and other libraries', at the sizes in systems.py
throughput.py --suite core       our suite at its own settings, and what all of it costs
"""

import argparse
import json
import statistics
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.processes import System, Workers, measured_in_turn
from benchmarks.suite_throughput import add_options_of_suite, measure_suite
from benchmarks.systems import STEPS, SYSTEMS, gpu_systems


def rates(rounds: list[dict[str, float]]) -> dict[str, Any]:
    """Medians over the rounds, and the environment steps per second of each round."""
    steps = [r["environment_steps"] / r["seconds"] for r in rounds]
    updates = [r["updates"] / r["update_seconds"] for r in rounds]
    parts = [name for name in ("model_seconds", "rollout_seconds") if name in rounds[0]]
    return {
        "environment_steps_per_second": round(statistics.median(steps), 2),
        "updates_per_second": round(statistics.median(updates), 2),
        "rounds": [round(value, 2) for value in steps],
        "seconds_per_1000_steps": round(1000 / statistics.median(steps), 1),
    } | {
        f"{part}_per_1000_steps": round(
            statistics.median(1000 * r[part] / r["environment_steps"] for r in rounds), 1
        )
        for part in parts
    }


def compare(
    systems: dict[str, System], task: str, rounds: int, steps: int, core: int | None
) -> dict[str, dict[str, Any]]:
    """The results of each system; every round measures all systems."""
    with_task = {
        name: replace(system, command=[*system.command, "--task", task])
        for name, system in systems.items()
    }
    workers = {name: Workers(system, core) for name, system in with_task.items()}
    measured = measured_in_turn(workers, rounds, dict.fromkeys(workers, steps))
    return {
        name: worker.description | {"task": task} | rates(measured[name])
        for name, worker in workers.items()
    }


def table(results: dict[str, dict[str, Any]]) -> str:
    """Medians, and the ratio of each of our variants to each system."""
    speeds = {name: result["environment_steps_per_second"] for name, result in results.items()}
    variants = [name for name in results if name.startswith("ours")]
    width = max(len(name) for name in ["system", *results])
    head = f"{'system':{width}} {'env steps/s':>12} {'updates/s':>12}"
    lines = [" ".join([head, *(f"{f'{name} is':>26}" for name in variants)])]
    for name, result in results.items():
        row = f"{name:{width}} {speeds[name]:12.1f} {result['updates_per_second']:12.1f}"
        ratios = (f"{speeds[variant] / speeds[name]:25.2f}x" for variant in variants)
        lines.append(" ".join([row, *ratios]))
    return "\n".join(lines)


def argument_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, help="environment steps in a round")
    parser.add_argument("--core", type=int, default=0, help="which one to measure on")
    parser.add_argument("--algorithm", default="sac", choices=sorted(SYSTEMS))
    parser.add_argument("--task", default="HalfCheetah-v5")
    parser.add_argument("--systems", nargs="+", metavar="NAME", help="only these of the table")
    parser.add_argument("--gpu", action="store_true", help="our SAC on a GPU, with 1 to 32 seeds")
    add_options_of_suite(parser)
    return parser


def main() -> None:
    parser = argument_parser()
    options = parser.parse_args()
    if options.suite is not None:
        measure_suite(options)
    else:
        measure_systems(parser, options)


def measure_systems(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Measure ours and other libraries' systems, and print the results."""
    if options.gpu and options.algorithm != "sac":
        parser.error("--gpu measures sac only")
    systems = gpu_systems() if options.gpu else SYSTEMS[options.algorithm]()
    names = options.systems or list(systems)
    unknown = set(names) - systems.keys()
    if unknown:
        parser.error(f"unknown systems {sorted(unknown)}, expected some of {sorted(systems)}")
    chosen = {name: systems[name] for name in names}
    steps = options.steps or STEPS[options.algorithm]
    core = None if options.gpu else options.core  # torch.compile has processes of its own
    results = compare(chosen, options.task, options.rounds, steps, core)
    for name, result in results.items():
        print(json.dumps({"name": name} | result))
    print(table(results))


if __name__ == "__main__":
    main()
