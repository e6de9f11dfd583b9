"""Curves, areas, profiles and bins on data with answers computed by hand."""

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from reporting.inference.bootstrap import generator_for
from reporting.over_tasks.profiles import (
    curve_on_shares,
    performance_profile,
    sample_efficiency,
)
from reporting.per_task.curves import learning_curves, training_seconds
from reporting.per_task.scores import binned_metric, mean_height, visited_share
from reporting.tables.summary import RecordedCoverage


def test_mean_height_by_hand():
    # Trapezoids of width 10 and 30: (10 * 1 + 30 * 3) / 40.
    steps = np.array([0.0, 10.0, 40.0])
    assert mean_height(steps, np.array([0.0, 2.0, 4.0])) == pytest.approx(2.5)
    assert mean_height(steps, np.array([1.0, np.nan, 3.0])) == pytest.approx(2.0)
    assert mean_height(steps[:1], np.array([7.0])) == 7.0


def test_performance_profile_by_hand():
    scores = [np.array([0.2, 0.4]), np.array([0.6, 1.0])]
    band = performance_profile(scores, np.array([0.0, 0.4, 0.9, 1.0]), generator_for("test"))
    assert band.estimate == (1.0, 0.5, 0.25, 0.0)
    # Both runs of the second task are above 0.4 and none of the first: no resampling changes that.
    assert (band.low[1], band.high[1]) == (0.5, 0.5)
    assert band.low[2] < 0.25 < band.high[2]
    assert band.n == 2


def test_profile_of_single_seeds_has_no_band():
    band = performance_profile([np.array([0.5])], np.array([0.0, 1.0]), generator_for("test"))
    assert (band.estimate, band.low, band.high, band.n) == ((1.0, 0.0), (), (), 1)


def test_sample_efficiency_trims_runs_at_each_point():
    runs = np.array([[0.0, -9.0], [1.0, 2.0], [3.0, 4.0], [50.0, 60.0]])
    band = sample_efficiency([runs[:2], runs[2:]], np.array([0.0, 1.0]), generator_for("test"))
    assert band.estimate == (2.0, 3.0)


def test_curves_are_interpolated_over_the_budget():
    steps, grid = np.array([0.0, 50.0, 100.0]), np.array([0.0, 0.25, 1.0])
    curves = np.array([[0.0, 10.0, 30.0], [1.0, np.nan, 3.0]])
    shares = curve_on_shares(steps, curves, 100, grid)
    np.testing.assert_allclose(shares, [[0.0, 5.0, 30.0], [1.0, 1.5, 3.0]])


def test_metrics_are_averaged_within_bins_and_seeds():
    table = pd.DataFrame(
        {
            "seed": [0, 0, 0, 1, 1],
            "step": [1, 50, 51, 100, 60],
            "loss": [2.0, 4.0, 8.0, 6.0, np.nan],
        }
    )
    middles, values = binned_metric(table, "loss", budget=100, bins=2)
    assert middles.tolist() == [25.0, 75.0]
    np.testing.assert_array_equal(values, [[3.0, 8.0], [np.nan, 6.0]])


def test_visited_share_counts_cells_once():
    counts = np.zeros((2, 1, 2, 2), dtype=np.int32)
    counts[:, 0, 0, 0] = 5, 9
    counts[1, 0, 1, 0] = 1
    coverage = RecordedCoverage("task", "sac", counts, np.array([0, 10]))
    assert visited_share(coverage).tolist() == [[0.25, 0.5]]


def timed_run(seeds, seconds, status="complete"):
    config = json.dumps({"seeds": seeds})
    case = {"environment": "task", "algorithm": "sac", "status": status}
    return case | {"config": config, "seconds": seconds, "steps": "100"}


def test_seconds_of_training_by_hand():
    # Two seeds together take 20 s until step 50 and 60 s in all, a third seed alone 30 s.
    ends = [(0, 50, 20.0), (1, 50, 20.0), (0, 100, 59.0), (2, 40, 12.0)]
    training = pd.DataFrame(ends, columns=["seed", "step", "seconds"])
    training = training.assign(environment="task", algorithm="sac")
    runs = [timed_run([0, 1], "60"), timed_run([2], "30"), timed_run([3], "", "missing")]
    summary: Any = SimpleNamespace(training=training, runs=runs)
    steps = np.array([0.0, 25.0, 40.0, 70.0, 100.0])
    together = np.array([0.0, 10.0, 16.0, 36.0, 60.0])
    alone = np.array([0.0, 7.5, 12.0, 21.0, 30.0])
    seconds = training_seconds(summary, "task", "sac", steps)
    assert seconds is not None
    np.testing.assert_allclose(seconds, (together + alone) / 3)
    runs[1]["seconds"] = ""
    assert training_seconds(summary, "task", "sac", steps) is None
    assert training_seconds(summary, "task", "mbpo", steps) is None


def test_a_learning_curve_stays_within_the_possible_returns():
    # The mean of two seeds is 5 and half of its t interval 12.7062 * 5.
    returns = np.array([[0.0, 0.0], [0.0, 10.0]])
    cell = SimpleNamespace(n=2, steps=np.array([0.0, 9.0]), curve=returns)
    columns = ["environment", "algorithm", "seconds", "seed", "step"]
    runs: Any = SimpleNamespace(runs=[], training=pd.DataFrame(columns=columns))
    ends = {}
    for possible in ((0.0, 20.0), None):
        facts: Any = {"A-v0": SimpleNamespace(return_range=possible)}
        scores: Any = {("A-v0", "sac"): cell}
        (curve,) = learning_curves(runs, scores, facts)
        assert (curve.low[0], curve.high[0]) == (0.0, 0.0)
        ends[possible] = curve.low[1], curve.high[1]
    assert ends[0.0, 20.0] == (0.0, 20.0)
    assert ends[None] == pytest.approx((5 - 5 * 12.7062, 5 + 5 * 12.7062), rel=1e-5)
