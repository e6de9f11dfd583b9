"""Aggregates over tasks, with stratified bootstrap intervals (Agarwal et al. 2021).

`scores` is always a list with one entry per task, with the normalised scores of the task's seeds
along its first axis. Seeds are resampled within each task. Tasks are never resampled, so the
intervals hold for these tasks and say nothing about other tasks.

Resampled means spread less than means do, by the root of (n - 1) / n for n seeds. The intervals are
widened by as much (benchmarks/interval_coverage.py measures what that is worth).
"""

import zlib
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from scipy import stats

from reporting.inference.intervals import CONFIDENCE, FloatArray, Interval

REPLICATES = 2000
SEED = 20200512
TRIMMED_SHARE = 0.25
Statistic = Callable[[FloatArray], FloatArray]


def generator_for(*labels: str) -> np.random.Generator:
    """A separate generator for each statistic, so that the order of computation has no effect."""
    return np.random.default_rng([SEED, zlib.crc32("\0".join(labels).encode())])


def stratified_indices(
    counts: Sequence[int], replicates: int, generator: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Indices (replicates, sum of counts) into the tasks' seeds laid end to end.

    Column j of a task is a draw with replacement among the seeds of that task. Tasks may have
    different numbers of seeds; each must have at least one.
    """
    sizes = np.repeat(np.asarray(counts, dtype=np.int64), counts)
    starts = np.repeat(np.cumsum([0, *counts[:-1]]), counts)
    return starts + generator.integers(0, sizes, size=(replicates, sizes.size), dtype=np.int64)


def interquartile_mean(scores: FloatArray, axis: int = -1) -> FloatArray:
    """The mean of what is left after dropping the lowest and the highest quarter along `axis`.

    floor(n / 4) values are dropped at either end; with fewer than four values it is the plain mean.
    """
    return np.asarray(stats.trim_mean(scores, TRIMMED_SHARE, axis=axis), dtype=np.float64)


def weighted_mean(counts: Sequence[int]) -> Statistic:
    """The mean over tasks of the tasks' means, for runs of so many seeds a task, end to end."""
    weights = np.repeat(1.0 / (np.asarray(counts, dtype=np.float64) * len(counts)), counts)

    def mean(scores: FloatArray) -> FloatArray:
        return np.asarray((scores * weights).sum(axis=-1))

    return mean


def optimality_gap(scores: FloatArray, axis: int = -1) -> FloatArray:
    """How far runs fall short of the reference score 1 on average; scores above 1 count as 1."""
    return np.asarray(np.maximum(1.0 - scores, 0.0).mean(axis=axis), dtype=np.float64)


def stratified_interval(
    scores: Sequence[FloatArray], statistic: Statistic, generator: np.random.Generator
) -> Interval:
    """A percentile bootstrap interval of `statistic`, which reduces the last axis."""
    counts = [len(task) for task in scores]
    if not counts or min(counts) == 0:
        return Interval(None, None, None, 0)
    estimate = float(statistic(np.concatenate(scores)))
    if min(counts) < 2:
        return Interval(estimate, None, None, min(counts))
    return percentiles(estimate, resampled(scores, statistic, generator), min(counts))


def resampled(
    scores: Sequence[FloatArray], statistic: Statistic, generator: np.random.Generator
) -> FloatArray:
    """The statistic (replicates,) of every resampled set of runs."""
    indices = stratified_indices([len(task) for task in scores], REPLICATES, generator)
    return statistic(np.concatenate(scores)[indices])


def difference_interval(
    first: Sequence[FloatArray],
    second: Sequence[FloatArray],
    statistic: Statistic,
    generators: tuple[np.random.Generator, np.random.Generator],
) -> Interval:
    """statistic(first) - statistic(second), the two resampled independently of each other."""
    return _difference(first, second, (statistic, statistic), generators)


def mean_difference_interval(
    first: Sequence[FloatArray],
    second: Sequence[FloatArray],
    generators: tuple[np.random.Generator, np.random.Generator],
) -> Interval:
    """The difference of two means over tasks, of which each has the same weight."""
    means = [weighted_mean([len(task) for task in scores]) for scores in (first, second)]
    return _difference(first, second, (means[0], means[1]), generators)


def _difference(
    first: Sequence[FloatArray],
    second: Sequence[FloatArray],
    statistics: tuple[Statistic, Statistic],
    generators: tuple[np.random.Generator, np.random.Generator],
) -> Interval:
    counts = [len(task) for task in (*first, *second)]
    if not counts or min(counts) == 0:
        return Interval(None, None, None, 0)
    of_first, of_second = statistics
    estimate = float(of_first(np.concatenate(first)) - of_second(np.concatenate(second)))
    if min(counts) < 2:
        return Interval(estimate, None, None, min(counts))
    replicates = resampled(first, of_first, generators[0]) - resampled(
        second, of_second, generators[1]
    )
    return percentiles(estimate, replicates, min(counts))


def probability_of_improvement(
    first: Sequence[FloatArray],
    second: Sequence[FloatArray],
    generators: tuple[np.random.Generator, np.random.Generator],
) -> Interval:
    """P(a run of `first` scores above a run of `second`), ties count half, averaged over tasks."""
    counts = [len(task) for task in (*first, *second)]
    if not counts or min(counts) == 0:
        return Interval(None, None, None, 0)
    pairs = list(zip(first, second, strict=True))
    estimate = float(np.mean([superiority(one, two) for one, two in pairs]))
    if min(counts) < 2:
        return Interval(estimate, None, None, min(counts))
    replicates = np.zeros(REPLICATES)
    for one, two in pairs:
        drawn_one = one[generators[0].integers(0, len(one), (REPLICATES, len(one)))]
        drawn_two = two[generators[1].integers(0, len(two), (REPLICATES, len(two)))]
        replicates += superiority(drawn_one, drawn_two) / len(pairs)
    return percentiles(estimate, replicates, min(counts), within=(0.0, 1.0))


def superiority(first: FloatArray, second: FloatArray) -> FloatArray:
    """P(X > Y) + P(X = Y) / 2 for samples along the last axis: Mann-Whitney U / (n m)."""
    gap = first[..., :, None] - second[..., None, :]
    return np.asarray((0.5 * (np.sign(gap) + 1.0)).mean(axis=(-2, -1)), dtype=np.float64)


def percentiles(
    estimate: float, replicates: FloatArray, n: int, within: tuple[float, float] | None = None
) -> Interval:
    """The percentile interval of bootstrap replicates (replicates,), widened around `estimate`.

    Args:
        n: seeds of the task that has fewest; at least 2.
        within: what the statistic cannot leave.
    """
    low, high = widened(estimate, percentile_ends(replicates), n)
    if within is not None:
        low, high = np.clip([low, high], *within)
    return Interval(estimate, float(low), float(high), n)


def percentile_ends(replicates: FloatArray, axis: int = 0) -> FloatArray:
    """The lower and the upper end (2, ...) of the replicates' percentile interval."""
    tail = 50.0 * (1.0 - CONFIDENCE)
    return np.asarray(np.percentile(replicates, [tail, 100.0 - tail], axis=axis))


def widened(estimate: float | FloatArray, ends: FloatArray, n: int) -> FloatArray:
    """The ends of an interval, moved away from the estimate by the root of n / (n - 1)."""
    return np.asarray(estimate + (ends - estimate) * np.sqrt(n / (n - 1)))
