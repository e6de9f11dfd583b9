"""The permutation test: against full enumeration, its level, and what few seeds can reach."""

import itertools

import numpy as np
import pytest

from reporting.inference import permutation_test
from reporting.inference.bootstrap import generator_for
from reporting.inference.permutation_test import (
    PERMUTATIONS,
    mean_over_tasks,
    permutation_p,
    smallest_permutation_p,
)


def enumerated_p(first, second):
    """The share of all arrangements whose difference is as large, in plain Python."""
    by_task = []
    for one, two in zip(first, second, strict=True):
        pooled = [*one, *two]
        named = itertools.combinations(range(len(pooled)), len(one))
        differences = []
        for chosen in named:
            rest = [x for place, x in enumerate(pooled) if place not in chosen]
            mine = [pooled[place] for place in chosen]
            differences.append(sum(mine) / len(mine) - sum(rest) / len(rest))
        by_task.append(differences)
    found = abs(np.mean([np.mean(a) - np.mean(b) for a, b in zip(first, second, strict=True)]))
    every = [abs(sum(each)) / len(first) for each in itertools.product(*by_task)]
    return np.mean([value >= found - 1e-9 for value in every])


@pytest.mark.parametrize("shift", [0.0, 0.7, 2.0])
def test_it_agrees_with_every_arrangement(shift):
    draws = np.random.default_rng(1)
    first = [draws.normal(shift, 1, 3), draws.normal(shift, 1, 4)]
    second = [draws.normal(0, 1, 4), draws.normal(0, 1, 3)]
    p = permutation_p(first, second, generator_for("test"))
    assert p == pytest.approx(enumerated_p(first, second), abs=0.015)


def test_ties_and_equal_runs_are_no_difference():
    zeros, mixed = [np.zeros(5)] * 3, [np.array([0.0, 0.0, 1.0, 1.0])] * 2
    assert permutation_p(zeros, zeros, generator_for("a")) == 1.0
    assert permutation_p(mixed, mixed, generator_for("a")) == 1.0


def test_a_task_where_both_are_zero_changes_nothing_but_the_size_of_the_difference():
    first, second = [np.ones(5)], [np.zeros(5)]
    alone = permutation_p(first, second, generator_for("a"))
    more = permutation_p([*first, np.zeros(5)], [*second, np.zeros(5)], generator_for("a"))
    # Two of 252 arrangements are as far apart.
    assert alone == pytest.approx(2 / 252, abs=0.002) and more == pytest.approx(alone, abs=0.002)


def test_it_is_never_zero_and_several_tasks_decide_with_three_seeds():
    first, second = [np.full(3, 1.0)] * 4, [np.zeros(3)] * 4
    assert permutation_p(first[:1], second[:1], generator_for("a")) == pytest.approx(0.1, abs=0.01)
    p = permutation_p(first, second, generator_for("a"))
    assert p is not None and 1 / (1 + PERMUTATIONS) <= p < 0.001


@pytest.mark.parametrize(("first", "second"), [([], []), ([np.zeros(0)], [np.zeros(3)])])
def test_without_runs_there_is_no_p_value(first, second):
    assert permutation_p(first, second, generator_for("a")) is None


def test_every_task_has_the_same_weight():
    assert mean_over_tasks([np.array([1.0, 1.0, 1.0]), np.array([0.0])]) == 0.5


def test_the_smallest_p_value():
    assert smallest_permutation_p([(3, 3)]) == pytest.approx(0.1)
    assert smallest_permutation_p([(3, 3), (3, 3)]) == pytest.approx(2 / 400)
    assert smallest_permutation_p([(10, 10)] * 7) == 1 / (1 + PERMUTATIONS)
    assert smallest_permutation_p([(1, 1)]) == 1.0


def test_a_true_null_is_rejected_as_rarely_as_the_level_says(monkeypatch):
    """Returns of a sparse task, 0 or about 1: four standard errors of 300 suites at 5% are 5%."""
    monkeypatch.setattr(permutation_test, "PERMUTATIONS", 400)
    rejected = []
    for place in range(300):
        draws = np.random.default_rng([3, place])
        runs = (draws.random((2, 4, 5)) < 0.4) * draws.normal(1.0, 0.1, (2, 4, 5))
        p = permutation_p(list(runs[0]), list(runs[1]), draws)
        assert p is not None
        rejected.append(p <= 0.05)
    assert 0.01 <= np.mean(rejected) <= 0.10
