"""What a run costs: wall-clock time and throughput, from the manifests of complete runs."""

from dataclasses import dataclass

from reporting.tables.run_folder import COMPLETE
from reporting.tables.summary import Summary, seeds_of


@dataclass(frozen=True)
class Cost:
    """The cost of one algorithm on one task: means over its runs, which may train many seeds.

    seconds_per_seed: wall-clock seconds of a run divided by its seeds. updates_per_second and
    environment_steps_per_second: as the run recorded them. devices: every device that was used;
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
    devices: tuple[str, ...]


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
        devices=tuple(sorted({run["device"] for run in runs if run["device"]})),
    )


def _numbers(runs: list[dict[str, str]], key: str) -> list[float]:
    return [float(run[key]) for run in runs if run[key]]


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
