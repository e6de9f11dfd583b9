"""A stratified permutation test: do two algorithms differ over a group of tasks?

If on each task the runs of both came from one distribution, it would not matter which run carries
which algorithm's name. The test exchanges the names within each task, and asks how often the mean
difference is then as large as the one that was found. It needs no distribution of the scores, keeps
its level with any number of seeds, and decides with few seeds if there are several tasks.
"""

import math
from collections.abc import Sequence

import numpy as np

from reporting.inference.intervals import FloatArray

PERMUTATIONS = 20_000
# Differences that are the same up to rounding count as equally large.
ROUNDING = 1e-12


def mean_over_tasks(scores: Sequence[FloatArray]) -> float:
    """The mean of the tasks' means: every task has the same weight, whatever number of seeds."""
    return float(np.mean([task.mean() for task in scores]))


def permutation_p(
    first: Sequence[FloatArray], second: Sequence[FloatArray], generator: np.random.Generator
) -> float | None:
    """The two-sided p-value of the difference of mean_over_tasks; None where a task has no run.

    The permutations are drawn; the observed arrangement counts as one of them, so that the p-value
    is never 0 (Phipson and Smyth 2010).

    Args:
        first, second: the scores of each task's seeds, by task.
    """
    if not first or min(len(task) for task in (*first, *second)) == 0:
        return None
    differences = np.zeros(PERMUTATIONS)
    for one, two in zip(first, second, strict=True):
        pooled = np.concatenate([one, two])
        order = generator.random((PERMUTATIONS, len(pooled))).argsort(axis=1)
        named_first = pooled[order[:, : len(one)]].mean(axis=1)
        named_second = pooled[order[:, len(one) :]].mean(axis=1)
        differences += (named_first - named_second) / len(first)
    found = abs(mean_over_tasks(first) - mean_over_tasks(second))
    as_large = np.abs(differences) >= found - ROUNDING * max(1.0, found)
    return float((1 + as_large.sum()) / (1 + PERMUTATIONS))


def smallest_permutation_p(sizes: Sequence[tuple[int, int]]) -> float:
    """The smallest p-value that so many runs of either algorithm on each task can reach."""
    arrangements = math.prod(math.comb(one + two, one) for one, two in sizes)
    return max(min(1.0, 2.0 / arrangements), 1.0 / (1 + PERMUTATIONS))
