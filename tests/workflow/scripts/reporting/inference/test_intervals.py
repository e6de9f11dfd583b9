"""The t intervals against numbers computed by hand, against scipy, and their coverage."""

import numpy as np
import pytest
from scipy import stats

from reporting.inference.intervals import (
    Interval,
    mean_welch_interval,
    t_band,
    t_interval,
    welch_interval,
)


def test_t_interval_by_hand():
    # Mean 3, variance 2.5, standard error sqrt(0.5); t(4) at 97.5% is 2.776445.
    interval = t_interval([1, 2, 3, 4, 5])
    assert interval.n == 5
    assert interval.estimate == pytest.approx(3)
    assert interval.low == pytest.approx(3 - 2.776445 * 0.5**0.5, abs=1e-6)
    assert interval.high == pytest.approx(3 + 2.776445 * 0.5**0.5, abs=1e-6)


def test_t_interval_against_scipy():
    sample = np.random.default_rng(1).normal(3, 2, 7)
    expected = stats.ttest_1samp(sample, 0).confidence_interval()
    interval = t_interval(sample)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high))


def test_no_interval_is_made_up():
    assert t_interval([4.0]) == Interval(4.0, None, None, 1)
    assert t_interval([]) == Interval(None, None, None, 0)
    assert welch_interval([4.0], [1.0, 2.0]) == Interval(2.5, None, None, 1)
    assert welch_interval([], [1.0]) == Interval(None, None, None, 0)
    assert not t_interval([4.0]).available


def test_welch_interval_against_scipy():
    generator = np.random.default_rng(2)
    first, second = generator.normal(1, 3, 6), generator.normal(0, 0.5, 11)
    expected = stats.ttest_ind(first, second, equal_var=False).confidence_interval()
    interval = welch_interval(first, second)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high))
    assert interval.n == 6


def test_constant_samples_have_an_interval_without_width():
    assert welch_interval([1, 1], [0, 0, 0]) == Interval(1.0, 1.0, 1.0, 2)


def test_band_is_the_t_interval_of_every_column_without_its_gaps():
    samples = np.random.default_rng(3).normal(size=(5, 4))
    samples[:3, 1] = np.nan
    samples[1:, 2] = np.nan
    samples[:, 3] = np.nan
    mean, half, count = t_band(samples)
    assert count.tolist() == [5, 2, 1, 0]
    for column in (0, 1):
        values = samples[np.isfinite(samples[:, column]), column]
        interval = t_interval(values)
        ends = mean[column] - half[column], mean[column] + half[column]
        assert ends == pytest.approx((interval.low, interval.high))
    assert mean[2] == samples[0, 2]
    assert np.isnan(half[2:]).all() and np.isnan(mean[3])


def test_mapped_interval_is_the_interval_of_mapped_data():
    sample = np.array([3.0, 5.0, 10.0])
    mapped, direct = t_interval(sample).mapped(2.0, 4.0), t_interval((sample - 2) / 4)
    assert mapped.estimate == pytest.approx(direct.estimate)
    assert (mapped.low, mapped.high) == pytest.approx((direct.low, direct.high))
    assert t_interval([6.0]).mapped(2.0, 4.0) == Interval(1.0, None, None, 1)


@pytest.mark.parametrize("seeds", [2, 3, 10])
def test_t_intervals_cover_as_often_as_they_say(seeds):
    samples = np.random.default_rng(4).normal(7, 3, (seeds, 20_000))
    mean, half, _ = t_band(samples)
    # Four standard errors of 20,000 draws are 0.6%.
    assert np.mean(np.abs(mean - 7) <= half) == pytest.approx(0.95, abs=0.006)


def ends_of(intervals):
    """The low and high ends of intervals."""
    return np.array([(one.low, one.high) for one in intervals], np.float64)


def test_the_mean_of_differences_over_pairs_of_samples():
    rng = np.random.default_rng(4)
    pairs = [(rng.normal(k, 1 + k, 5), rng.normal(0, 2, 4)) for k in range(3)]
    apart = [welch_interval(*pair) for pair in pairs]
    mean = mean_welch_interval(pairs)
    assert mean.estimate == pytest.approx(np.mean([one.estimate for one in apart]))
    widths = np.diff(ends_of(apart)).ravel()
    # Independent samples: about as wide as the root of the sum of squares, divided by their number.
    assert np.diff(ends_of([mean])) == pytest.approx(np.hypot.reduce(widths) / 3, rel=0.2)
    assert mean_welch_interval(pairs[:1]) == apart[0]


def test_intervals_over_pairs_cover_about_as_often_as_they_say():
    rng = np.random.default_rng(5)
    draws = [
        [(rng.normal(k, 1 + k, 5), rng.normal(k, 3 - k, 5)) for k in range(3)] for _ in range(2000)
    ]
    low, high = ends_of([mean_welch_interval(pairs) for pairs in draws]).T
    assert 0.93 < np.mean((low <= 0) & (high >= 0)) < 0.975


def test_welch_intervals_cover_about_as_often_as_they_say():
    generator = np.random.default_rng(5)
    first, second = generator.normal(1, 3, (2000, 5)), generator.normal(0, 1, (2000, 8))
    intervals = [welch_interval(*pair) for pair in zip(first, second, strict=True)]
    covered = [i.low <= 1 <= i.high for i in intervals if i.low is not None and i.high is not None]
    assert len(covered) == 2000
    assert np.mean(covered) == pytest.approx(0.95, abs=0.02)
