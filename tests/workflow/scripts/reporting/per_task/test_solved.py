"""Solved runs with their exact interval, and intervals that stay within what is possible."""

import json

import numpy as np
import pytest
from scipy import stats

from reporting.inference.intervals import Interval, clopper_pearson, t_interval
from reporting.per_task.normalisation import normalised_interval, return_interval, solved
from tests.helpers.paths import ROOT
from tests.workflow.scripts.reporting.page.test_synthetic_suite import SyntheticTask

PUBLISHED = sorted((ROOT / "published").glob("*/statistics.json"))


@pytest.mark.parametrize("n", [1, 3, 10, 35])
def test_the_interval_of_a_count_is_scipys(n):
    for count in range(n + 1):
        expected = stats.binomtest(count, n).proportion_ci(0.95, method="exact")
        found = clopper_pearson(count, n)
        assert (found.count, found.n) == (count, n)
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_the_interval_covers_the_chance_at_least_as_often_as_it_says():
    found = [clopper_pearson(count, 12) for count in range(13)]
    for chance in (0.02, 0.3, 0.5, 0.93):
        weights = np.asarray(stats.binom.pmf(np.arange(13), 12, chance))
        inside = [(one.low or 0.0) <= chance <= (one.high or 0.0) for one in found]
        assert weights[inside].sum() >= 0.95


def test_without_a_run_there_is_no_interval():
    assert clopper_pearson(0, 0).low is None
    assert solved([]).n == 0


def test_a_run_solves_its_task_half_way_to_the_reference():
    tasks = [np.array([0.5, 0.499, 2.0]), np.array([-1.0, 0.7])]
    assert (solved(tasks).count, solved(tasks).n) == (3, 5)


def test_an_interval_ends_where_no_return_is_possible():
    facts = SyntheticTask("A-v0", random_score=0.0, reference_score=100.0).facts()
    returns = np.array([0.0, 0.0, 0.0, 30.0])
    free = t_interval(returns)
    assert free.low is not None and free.low < 0
    assert return_interval(returns, facts) == free
    bounded = SyntheticTask("A-v0", random_score=0.0, return_range=(0.0, 20.0)).facts()
    assert return_interval(returns, bounded) == Interval(free.estimate, 0.0, 20.0, 4)
    ninetieth = normalised_interval(returns, bounded)
    assert [ninetieth.low, ninetieth.high] == pytest.approx([0.0, 20 / 90])


def test_doing_nothing_is_the_zero_where_it_is_better_than_random_actions():
    worse = SyntheticTask("A-v0", random_score=-30.0, reference_score=90.0)
    better = SyntheticTask("A-v0", random_score=-30.0, reference_score=90.0, idle_score=10.0)
    assert worse.facts().ends == (-30.0, 90.0)
    assert better.facts().ends == (10.0, 90.0)
    assert SyntheticTask("A-v0", random_score=5.0, idle_score=1.0).facts().ends == (5.0, 90.0)


@pytest.mark.parametrize("file", PUBLISHED, ids=lambda file: file.parent.name)
def test_published_counts_are_those_of_the_published_seeds(file):
    numbers = json.loads(file.read_text(encoding="utf-8"))
    by_algorithm: dict[tuple[str, str], int] = {}
    for cell in numbers["cells"]:
        facts = numbers["facts"][cell["environment"]]
        known = (facts["random_score"], facts["idle_score"])
        zero = max(score for score in known if score is not None)
        half = (zero + facts["reference_score"]) / 2
        count = sum(seed["final"] >= half for seed in cell["seeds"])
        assert cell["solved"]["count"] == count and cell["solved"]["n"] == cell["n"]
        by_algorithm[cell["environment"], cell["algorithm"]] = count
    for group in numbers["groups"]:
        for one in group["algorithms"]:
            cases = [by_algorithm[task, one["algorithm"]] for task in group["environments"]]
            assert one["solved"]["count"] == sum(cases)
            exact = stats.binomtest(sum(cases), one["solved"]["n"]).proportion_ci(method="exact")
            found = one["solved"]["low"], one["solved"]["high"]
            assert found == pytest.approx((exact.low, exact.high), abs=1e-9)
        nobody = [
            task
            for task in group["environments"]
            if not any(by_algorithm.get((task, name)) for name in numbers["algorithms"])
        ]
        assert group["unsolved"] == nobody


@pytest.mark.parametrize("file", PUBLISHED, ids=lambda file: file.parent.name)
def test_published_costs_are_the_sums_of_the_runs(file):
    numbers = json.loads(file.read_text(encoding="utf-8"))
    for total in numbers["cost_totals"]:
        mine = [run for run in numbers["runs"] if run["algorithm"] == total["algorithm"]]
        seconds = [float(run["seconds"]) for run in mine if run["status"] == "complete"]
        # Each published run had one thread.
        assert total["hours"] == pytest.approx(sum(seconds) / 3600)
        assert total["runs"] == len(seconds)


@pytest.mark.parametrize("file", PUBLISHED, ids=lambda file: file.parent.name)
def test_published_steps_to_match_are_those_of_the_curves(file):
    numbers = json.loads(file.read_text(encoding="utf-8"))
    curves = {(c["environment"], c["algorithm"]): c for c in numbers["learning_curves"]}
    assert numbers["steps_to_match"]
    for match in numbers["steps_to_match"]:
        mine = curves[match["environment"], match["first"]]
        goal = curves[match["environment"], match["second"]]["mean"][-1]
        reached = [s for s, m in zip(mine["steps"], mine["mean"], strict=True) if m >= goal]
        assert match["steps"] == (reached[0] if reached else None)
