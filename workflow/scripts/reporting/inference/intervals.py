"""Intervals from the t distribution, for a mean and for the difference of two means; and the exact
interval of a share.

scipy.stats.ttest_1samp and ttest_ind give the same intervals, but warn about samples of equal
values, such as those of a task where no seed found a reward.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

FloatArray = npt.NDArray[np.float64]
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """An estimate with a 95% interval.

    `low` and `high` are None where the data cannot give an interval (fewer than two seeds), and
    `estimate` is None where there are no data. `n` counts the independent seeds behind it; for
    statistics over several tasks it is the smallest number of seeds that any of the tasks has.
    """

    estimate: float | None
    low: float | None
    high: float | None
    n: int

    @property
    def available(self) -> bool:
        """Whether both ends of the interval are known."""
        return self.low is not None and self.high is not None

    def mapped(self, offset: float, scale: float) -> "Interval":
        """The same interval after (x - offset) / scale, for a positive scale."""

        def moved(value: float | None) -> float | None:
            return None if value is None else (value - offset) / scale

        return Interval(moved(self.estimate), moved(self.low), moved(self.high), self.n)

    def within(self, bounds: tuple[float, float] | None) -> "Interval":
        """The same interval without the part that lies outside of what is possible."""
        if bounds is None or self.low is None or self.high is None:
            return self
        return Interval(self.estimate, max(self.low, bounds[0]), min(self.high, bounds[1]), self.n)


@dataclass(frozen=True)
class Count:
    """So many of n independent runs, with the exact 95% interval of their share.

    The interval (Clopper and Pearson 1934) holds for any n. For runs of several tasks, whose
    chances differ, it is wider than it has to be. It is None where there is no run.
    """

    count: int
    n: int
    low: float | None
    high: float | None


def clopper_pearson(count: int, n: int, confidence: float = CONFIDENCE) -> Count:
    """The count with its interval, from quantiles of the beta distribution."""
    if n == 0:
        return Count(0, 0, None, None)
    tail = 0.5 - confidence / 2
    low = stats.beta.ppf(tail, count, n - count + 1) if count else 0.0
    high = stats.beta.ppf(1 - tail, count + 1, n - count) if count < n else 1.0
    return Count(count, n, float(low), float(high))


def t_interval(values: npt.ArrayLike, confidence: float = CONFIDENCE) -> Interval:
    """Student's t interval for the mean of a one-dimensional sample.

    mean +- t(n - 1) * standard deviation / sqrt(n), the deviation with n - 1 in its denominator.
    """
    sample = np.asarray(values, dtype=np.float64).ravel()
    n = int(sample.size)
    if n == 0:
        return Interval(None, None, None, 0)
    mean = float(sample.mean())
    if n < 2:
        return Interval(mean, None, None, n)
    half = float(_t_quantile(confidence, n - 1) * sample.std(ddof=1) / math.sqrt(n))
    return Interval(mean, mean - half, mean + half, n)


def t_band(samples: FloatArray) -> tuple[FloatArray, FloatArray, npt.NDArray[np.int64]]:
    """Means, half widths of the t intervals, and counts, of the columns of (seeds, points).

    NaN marks a missing value, which is ignored. Both results are NaN where a column is empty; the
    half width is also NaN where it has a single value.
    """
    present = np.isfinite(samples)
    count = present.sum(axis=0).astype(np.int64)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(present, samples, 0.0).sum(axis=0) / count
        squares = (np.where(present, samples - mean, 0.0) ** 2).sum(axis=0)
        half = np.sqrt(squares / (count - 1) / count)
    half = np.where(count > 1, half, np.nan)
    return mean, half * _t_quantile(CONFIDENCE, np.maximum(count - 1, 1)), count


def welch_interval(
    first: npt.ArrayLike, second: npt.ArrayLike, confidence: float = CONFIDENCE
) -> Interval:
    """Welch's interval for mean(first) - mean(second), for samples of unequal variance.

    The degrees of freedom follow Welch and Satterthwaite. `n` is the smaller sample's size.
    """
    return mean_welch_interval([(first, second)], confidence)


def mean_welch_interval(
    pairs: Sequence[tuple[npt.ArrayLike, npt.ArrayLike]], confidence: float = CONFIDENCE
) -> Interval:
    """Welch's interval for mean(first) - mean(second), averaged over pairs of samples.

    The samples are independent; the formulas of Welch and Satterthwaite hold for any number of
    them. `n` is the smallest sample's size.
    """
    samples = [np.asarray(sample, np.float64).ravel() for pair in pairs for sample in pair]
    sizes = np.array([sample.size for sample in samples])
    n = int(sizes.min())
    if n == 0:
        return Interval(None, None, None, 0)
    means = np.array([sample.mean() for sample in samples])
    difference = float((means[::2] - means[1::2]).mean())
    if n < 2:
        return Interval(difference, None, None, n)
    variances = np.array([sample.var(ddof=1) for sample in samples])
    shares = variances / sizes / len(pairs) ** 2
    if shares.sum() == 0.0:
        return Interval(difference, difference, difference, n)
    freedom = shares.sum() ** 2 / (shares**2 / (sizes - 1)).sum()
    half = float(_t_quantile(confidence, freedom) * math.sqrt(shares.sum()))
    return Interval(difference, difference - half, difference + half, n)


def _t_quantile(confidence: float, freedom: npt.ArrayLike) -> Any:
    return stats.t.ppf(0.5 + confidence / 2, np.asarray(freedom, dtype=np.float64))
