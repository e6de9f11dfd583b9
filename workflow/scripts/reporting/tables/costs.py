"""What a run costs: wall-clock time and throughput, from the manifests of complete runs."""

import json
from dataclasses import dataclass

from p2e.loop.part_seconds import OTHER, PARTS
from reporting.tables.run_folder import COMPLETE
from reporting.tables.summary import Summary, seeds_of


@dataclass(frozen=True)
class Cost:
    """The cost of one algorithm on one task: means over its runs, which may train many seeds.

    seconds_per_seed: wall-clock seconds of a run divided by its seeds. updates_per_second and
    environment_steps_per_second: as the run recorded them. peak_memory_mb: main memory, the most
    of all runs, where they recorded it. devices: every device that was used;
    numbers from different devices are not comparable.
    """

    environment: str
    algorithm: str
    runs: int
    seeds_per_run: str
    seconds: float | None
    seconds_per_seed: float | None
    environment_steps_per_second: float | None
    updates_per_second: float | None
    peak_memory_mb: float | None
    devices: tuple[str, ...]


@dataclass(frozen=True)
class CostTotal:
    """The cost of all complete runs of one algorithm.

    hours: wall-clock time of each run times its threads, which is hours of one core where `devices`
    is the CPU alone; None where a run did not record its time.
    """

    algorithm: str
    runs: int
    hours: float | None
    devices: tuple[str, ...]


@dataclass(frozen=True)
class TimeShares:
    """Where the time of one algorithm's runs goes, on all tasks together.

    shares: by part, between 0 and 1, means over the runs; they add up to 1. runs: those that
    recorded it, as manifests of older runs do not.
    """

    algorithm: str
    runs: int
    shares: dict[str, float]


def suite_costs(summary: Summary) -> list[Cost]:
    """The costs of every task and algorithm that has a complete run."""
    costs = []
    for environment in summary.environments:
        for algorithm in summary.algorithms:
            runs = [
                run
                for run in summary.runs
                if (run["environment"], run["algorithm"]) == (environment, algorithm)
                and run["status"] == COMPLETE
            ]
            if runs:
                costs.append(_cost(environment, algorithm, runs))
    return costs


def cost_totals(summary: Summary) -> list[CostTotal]:
    """The total of each algorithm that has a complete run."""
    totals = []
    for algorithm in summary.algorithms:
        runs = [
            run
            for run in summary.runs
            if run["algorithm"] == algorithm and run["status"] == COMPLETE
        ]
        if runs:
            seconds = [
                float(run["seconds"]) * int(run["threads"] or 1) for run in runs if run["seconds"]
            ]
            hours = sum(seconds) / 3600 if len(seconds) == len(runs) else None
            devices = tuple(sorted({run["device"] for run in runs if run["device"]}))
            totals.append(CostTotal(algorithm, len(runs), hours, devices))
    return totals


def time_shares(summary: Summary) -> list[TimeShares]:
    """The shares of each algorithm that has a complete run with the seconds of its parts."""
    found = []
    for algorithm in summary.algorithms:
        runs = [
            _shares(json.loads(run.get("seconds_by_part") or "{}"))
            for run in summary.runs
            if run["algorithm"] == algorithm and run["status"] == COMPLETE
        ]
        recorded = [shares for shares in runs if shares]
        if recorded:
            means = {
                part: sum(shares[part] for shares in recorded) / len(recorded)
                for part in (*PARTS, OTHER)
            }
            found.append(TimeShares(algorithm, len(recorded), means))
    return found


def _shares(seconds: dict[str, float]) -> dict[str, float]:
    """The share of each part, empty where nothing was recorded."""
    total = sum(seconds.values())
    return {part: seconds.get(part, 0.0) / total for part in (*PARTS, OTHER)} if total else {}


def _cost(environment: str, algorithm: str, runs: list[dict[str, str]]) -> Cost:
    seeds = [len(seeds_of(run)) for run in runs]
    seconds = _numbers(runs, "seconds")
    total = sum(seconds) if len(seconds) == len(runs) else None
    return Cost(
        environment=environment,
        algorithm=algorithm,
        runs=len(runs),
        seeds_per_run=" or ".join(str(size) for size in sorted(set(seeds))),
        seconds=None if total is None else total / len(runs),
        seconds_per_seed=None if total is None else total / sum(seeds),
        environment_steps_per_second=_mean(_numbers(runs, "environment_steps_per_second")),
        updates_per_second=_mean(_numbers(runs, "updates_per_second")),
        peak_memory_mb=max(_numbers(runs, "peak_memory_mb"), default=None),
        devices=tuple(sorted({run["device"] for run in runs if run["device"]})),
    )


def _numbers(runs: list[dict[str, str]], key: str) -> list[float]:
    return [float(run[key]) for run in runs if run[key]]


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
