"""How often the report's intervals contain the truth, and how often its test rejects a true null.

Simulated suites of runs with known means. Two kinds of scores: normal ones, and those of sparse
tasks, where a run scores 0, or with a probability between 0.2 and 0.8 about 1. Prints a table in
Markdown; docs/method.md and the report quote it.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

from reporting.inference import bootstrap, permutation_test
from reporting.inference.bootstrap import (
    interquartile_mean,
    percentile_ends,
    resampled,
    weighted_mean,
    widened,
)
from reporting.inference.intervals import FloatArray, t_interval
from reporting.inference.permutation_test import permutation_p

SEEDS, TASKS = (3, 5, 10), (1, 7)
POPULATION = 200_000
Draw = Callable[[np.random.Generator, int, int], list[FloatArray]]


def normal_scores(generator: np.random.Generator, tasks: int, seeds: int) -> list[FloatArray]:
    """Scores around levels between 0 and 1, with a standard deviation of 0.2."""
    levels = np.linspace(0.1, 0.9, tasks) if tasks > 1 else np.array([0.5])
    return list(levels[:, None] + 0.2 * generator.standard_normal((tasks, seeds)))


def sparse_scores(generator: np.random.Generator, tasks: int, seeds: int) -> list[FloatArray]:
    """Exactly 0 where the reward was not met; else about 1."""
    chances = np.linspace(0.2, 0.8, tasks) if tasks > 1 else np.array([0.5])
    met = generator.random((tasks, seeds)) < chances[:, None]
    return list(met * (1.0 + 0.05 * generator.standard_normal((tasks, seeds))))


KINDS: dict[str, Draw] = {"normal": normal_scores, "sparse": sparse_scores}


def coverage(draw: Draw, tasks: int, seeds: int, suites: int) -> dict[str, float]:
    """The share of simulated suites whose 95% interval contains the truth, by kind of interval."""
    mean = weighted_mean([seeds] * tasks)
    everything = draw(np.random.default_rng(0), tasks, POPULATION)
    truths = {
        "mean": float(np.mean([task.mean() for task in everything])),
        "IQM": float(interquartile_mean(np.concatenate(everything))),
    }
    hits: dict[str, list[bool]] = {}
    for place in range(suites):
        generator = np.random.default_rng([1, place])
        scores = draw(generator, tasks, seeds)
        for name, statistic in (("mean", mean), ("IQM", interquartile_mean)):
            estimate = float(statistic(np.concatenate(scores)))
            ends = percentile_ends(resampled(scores, statistic, generator))
            wider = widened(estimate, ends, seeds)
            for kind, (low, high) in ((f"{name}", ends), (f"{name}, widened", wider)):
                hits.setdefault(kind, []).append(low <= truths[name] <= high)
        if tasks == 1:
            of_t = t_interval(scores[0])
            assert of_t.low is not None and of_t.high is not None
            hits.setdefault("t", []).append(of_t.low <= truths["mean"] <= of_t.high)
    return {kind: float(np.mean(found)) for kind, found in hits.items()}


def rejections(draw: Draw, tasks: int, seeds: int, suites: int) -> float:
    """How often the permutation test has p <= 0.05 for two algorithms that are the same."""
    found = []
    for place in range(suites):
        generator = np.random.default_rng([2, place])
        first, second = draw(generator, tasks, seeds), draw(generator, tasks, seeds)
        p = permutation_p(first, second, generator)
        assert p is not None
        found.append(p <= 0.05)
    return float(np.mean(found))


def rows(suites: int) -> Iterator[list[str]]:
    """A row of the table for each kind of scores, number of tasks and of seeds."""
    columns = ("mean", "mean, widened", "IQM", "IQM, widened", "t")
    yield ["scores", "tasks", "seeds", *columns, "test rejects"]
    for kind, draw in KINDS.items():
        for tasks in TASKS:
            for seeds in SEEDS:
                covered = coverage(draw, tasks, seeds, suites)
                shares = [f"{covered[name]:.1%}" if name in covered else "" for name in columns]
                rejected = f"{rejections(draw, tasks, seeds, suites):.1%}"
                yield [kind, str(tasks), str(seeds), *shares, rejected]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--suites", type=int, default=2000, help="simulated (default: 2000)")
    options = parser.parse_args()
    # The report draws more. The shares hardly depend on it, and this takes minutes.
    bootstrap.REPLICATES, permutation_test.PERMUTATIONS = 1000, 1000
    for place, row in enumerate(rows(options.suites)):
        print(f"| {' | '.join(row)} |", flush=True)
        if place == 0:
            print("|---" * len(row) + "|", flush=True)


if __name__ == "__main__":
    main()
