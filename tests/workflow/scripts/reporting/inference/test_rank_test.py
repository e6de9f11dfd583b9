"""The exact rank test and Holm's correction against enumeration, scipy and worked examples."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from reporting.inference.rank_test import exact_rank_test, holm, smallest_p_value


@pytest.mark.parametrize(("n", "m"), [(3, 3), (5, 4), (8, 8), (10, 10)])
def test_exact_test_against_scipy_without_ties(n, m):
    generator = np.random.default_rng(n)
    first, second = generator.normal(0.7, 1, n), generator.normal(0, 1, m)
    expected = stats.mannwhitneyu(first, second, method="exact").pvalue
    assert exact_rank_test(first, second) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_exact_test_with_ties_against_enumeration(seed):
    pooled = np.random.default_rng(seed).integers(0, 3, 9).astype(float)
    first, second = pooled[:4], pooled[4:]
    ranks = stats.rankdata(pooled)
    expected = 4 * 10 / 2
    sums = np.array([sum(ranks[list(chosen)]) for chosen in itertools.combinations(range(9), 4)])
    observed = abs(ranks[:4].sum() - expected)
    share = np.mean(np.abs(sums - expected) >= observed - 1e-9)
    assert exact_rank_test(first, second) == pytest.approx(share)


def test_exact_test_at_its_ends():
    assert exact_rank_test(np.zeros(10), np.zeros(10)) == 1.0
    assert exact_rank_test([], [1.0]) == 1.0
    assert exact_rank_test(np.zeros(10), np.ones(10)) == pytest.approx(2 / math.comb(20, 10))
    assert smallest_p_value(10, 10) == pytest.approx(2 / 184756)
    assert smallest_p_value(1, 1) == 1.0


def test_exact_test_rejects_no_more_often_than_it_says():
    pairs = np.random.default_rng(1).integers(0, 4, (1500, 2, 7)).astype(float)
    rejected = np.mean([exact_rank_test(one, two) <= 0.05 for one, two in pairs])
    assert 0.02 <= rejected <= 0.05 + 0.012


def test_holm_by_hand():
    # Sorted: 4 * 0.005, 3 * 0.01, 2 * 0.03, then 0.04, which may not fall below the one before.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []
