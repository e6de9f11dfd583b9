"""Aggregates over tasks by hand and against scipy, and how often their intervals cover."""

import numpy as np
import pytest
from scipy import stats

from reporting.inference.bootstrap import (
    difference_interval,
    generator_for,
    interquartile_mean,
    optimality_gap,
    probability_of_improvement,
    stratified_indices,
    stratified_interval,
    superiority,
)
from reporting.inference.intervals import Interval


def mean(scores):
    return scores.mean(axis=-1)


def test_interquartile_mean_by_hand():
    # Of eight values the two lowest and the two highest are dropped: (3 + 4 + 5 + 6) / 4.
    assert interquartile_mean(np.array([100.0, 1, 2, 3, 4, 5, 6, -50])) == pytest.approx(3.5)
    assert interquartile_mean(np.array([1.0, 2, 6])) == pytest.approx(3)


@pytest.mark.parametrize("size", [1, 3, 4, 7, 10, 50])
def test_interquartile_mean_against_sorting(size):
    scores = np.random.default_rng(size).normal(size=(5, size))
    expected = np.sort(scores, axis=-1)[:, size // 4 : size - size // 4].mean(axis=-1)
    np.testing.assert_allclose(interquartile_mean(scores), expected, rtol=1e-12)
    np.testing.assert_allclose(interquartile_mean(scores.T, axis=0), expected, rtol=1e-12)


def test_optimality_gap_by_hand():
    # Shortfalls 1, 0.25, 0 and, for overshooting, 0.
    assert optimality_gap(np.array([0.0, 0.75, 1.0, 3.0])) == pytest.approx(1.25 / 4)


def test_indices_stay_within_their_task_and_reach_all_of_it():
    indices = stratified_indices([2, 1, 4], 500, np.random.default_rng(0))
    assert indices.shape == (500, 7)
    for columns, expected in (((0, 1), {0, 1}), ((2,), {2}), ((3, 4, 5, 6), {3, 4, 5, 6})):
        for column in columns:
            assert set(indices[:, column]) == expected


def test_differences_between_tasks_do_not_widen_the_interval():
    scores = [np.full(5, 0.0), np.full(5, 10.0)]
    interval = stratified_interval(scores, mean, generator_for("test"))
    assert interval == Interval(5.0, 5.0, 5.0, 5)


def test_interval_agrees_with_scipy_on_one_task():
    sample = np.random.default_rng(1).gamma(2.0, size=12)
    interval = stratified_interval([sample], mean, generator_for("test"))
    expected = stats.bootstrap(
        (sample,),
        lambda x, axis: x.mean(axis=axis),
        n_resamples=20_000,
        method="percentile",
        rng=np.random.default_rng(2),
    ).confidence_interval
    middle = sample.mean()
    assert interval.estimate == middle
    ends = [middle + (end - middle) * np.sqrt(12 / 11) for end in (expected.low, expected.high)]
    assert (interval.low, interval.high) == pytest.approx(tuple(ends), abs=0.05)


def test_the_smallest_task_decides_whether_there_is_an_interval():
    scores = [np.array([1.0, 2.0, 3.0]), np.array([4.0])]
    generators = (generator_for("a"), generator_for("b"))
    assert stratified_interval(scores, mean, generator_for("a")) == Interval(2.5, None, None, 1)
    difference = difference_interval(scores, scores, mean, generators)
    assert difference == Interval(0.0, None, None, 1)
    improvement = probability_of_improvement(scores, scores, generators)
    assert improvement == Interval(0.5, None, None, 1)
    assert stratified_interval([], mean, generator_for("a")) == Interval(None, None, None, 0)


def test_superiority_by_hand_and_against_scipy():
    # Of six pairs 2 > 1 and 4 > 1, 4 > 3, 4 > 2 win, 2 = 2 is a tie, 2 < 3 is lost.
    assert superiority(np.array([2.0, 4.0]), np.array([1.0, 2.0, 3.0])) == pytest.approx(4.5 / 6)
    generator = np.random.default_rng(3)
    one, two = generator.integers(0, 5, 8).astype(float), generator.integers(0, 5, 6).astype(float)
    expected = stats.mannwhitneyu(one, two, method="asymptotic").statistic / 48
    assert superiority(one, two) == pytest.approx(expected)


def test_probability_of_improvement_averages_over_tasks():
    first, second = [np.array([2.0, 3.0]), np.zeros(2)], [np.array([0.0, 1.0]), np.zeros(2)]
    generators = (generator_for("a"), generator_for("b"))
    # Certain on one task and a tie on the other, for any resampling.
    assert probability_of_improvement(first, second, generators) == Interval(0.75, 0.75, 0.75, 2)


def test_a_reversed_comparison_is_mirrored():
    draws = np.random.default_rng(4)
    first = [draws.normal(0.5, 1, 6), draws.normal(0.5, 1, 4)]
    second = [draws.normal(0, 1, 5), draws.normal(0, 1, 7)]

    def generators(*names):
        return tuple(generator_for(name) for name in names)

    one = difference_interval(first, second, interquartile_mean, generators("a", "b"))
    two = difference_interval(second, first, interquartile_mean, generators("b", "a"))
    assert (two.high, two.low) == pytest.approx(tuple(-x for x in (one.low, one.high) if x))
    one = probability_of_improvement(first, second, generators("a", "b"))
    two = probability_of_improvement(second, first, generators("b", "a"))
    assert (two.high, two.low) == pytest.approx(tuple(1 - x for x in (one.low, one.high) if x))


def test_each_statistic_has_draws_of_its_own_and_always_the_same():
    scores = [np.random.default_rng(5).normal(size=9)]
    one, again, other = (
        stratified_interval(scores, mean, generator_for("group", name)) for name in "aab"
    )
    assert one == again
    assert one != other


def test_stratified_intervals_cover_nearly_as_often_as_they_say():
    """Five tasks of different level and spread with ten seeds each; 300 draws, seed fixed."""
    generator = np.random.default_rng(6)
    levels, spreads = np.array([0.1, 0.3, 0.5, 0.7, 0.9]), np.array([0.1, 0.3, 0.2, 0.1, 0.2])
    population = levels + spreads * generator.standard_normal((40_000, 5))
    truth = float(interquartile_mean(population.ravel()))
    covered = []
    for _ in range(300):
        scores = list((levels + spreads * generator.standard_normal((10, 5))).T)
        interval = stratified_interval(scores, interquartile_mean, generator)
        assert interval.low is not None and interval.high is not None
        covered.append(interval.low <= truth <= interval.high)
    assert 0.90 <= np.mean(covered) <= 0.99


def test_with_three_seeds_on_one_task_the_interval_covers_far_too_little():
    """The report warns of this, and it is why a permutation test gives the verdicts."""
    samples = np.random.default_rng(7).normal(size=(400, 3))
    generator = generator_for("coverage")
    intervals = [stratified_interval([sample], mean, generator) for sample in samples]
    covered = [i.low <= 0 <= i.high for i in intervals if i.low is not None and i.high is not None]
    assert 0.72 <= np.mean(covered) <= 0.88
