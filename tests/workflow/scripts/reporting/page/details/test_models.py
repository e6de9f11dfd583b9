"""World models in the report: errors computed by hand, runs without a model, old runs."""

import json
import math

import numpy as np
import pytest
from scipy import stats

import aggregate
from reporting.inference.intervals import Interval
from reporting.statistics.analysis import analyse, as_json
from reporting.tables.summary import read_summary
from runs.files import COLUMNS
from tests.helpers.pages.html_page import Page
from tests.helpers.suites.synthetic_training import write_csv
from tests.workflow.scripts.reporting.page.test_html_page import build_details
from tests.workflow.scripts.reporting.page.test_synthetic_suite import (
    SyntheticTask,
    write_manifest,
    write_suite,
)

TASK = SyntheticTask("A-v0")


@pytest.fixture
def suite(tmp_path):
    return write_suite(tmp_path / "results", [TASK], seeds=3)


def analysed(suite):
    aggregate.main(["--results", str(suite.results), "--config", str(suite.config)])
    return analyse(read_summary(suite.results / "summary"), suite.facts_of)


def write_errors(suite, place, rows):
    """Rows (seed, step, horizon, error, unchanged) as the run at `place` would have them."""
    write_csv(suite.folder(place) / "open_loop.csv", COLUMNS["open_loop"], rows)
    write_manifest(suite.folder(place), suite.suite["runs"][place])


def test_errors_are_those_of_the_last_evaluation_at_the_middle_horizon(suite):
    for place in range(3, 9):
        seed = suite.suite["runs"][place]["seeds"][0]
        error = (0.2, 0.3, 0.7)[seed]
        early = [(seed, 1000, horizon, 50.0, 1.5) for horizon in (1, 4, 9)]
        late = [(seed, 2000, horizon, error * horizon, 1.5) for horizon in (1, 4, 9)]
        write_errors(suite, place, early + late)
    for item in analysed(suite).model_errors:
        assert [entry.horizon for entry in item.last] == [1, 4, 9]
        assert item.fixed.horizon == 4
        expected = stats.ttest_1samp([0.8, 1.2, 2.8], 0).confidence_interval()
        assert item.fixed.error.estimate == pytest.approx(1.6)
        ends = (item.fixed.error.low, item.fixed.error.high)
        assert expected.low < 0  # no error is
        assert ends == pytest.approx((0.0, expected.high))
        assert item.fixed.unchanged.estimate == pytest.approx(1.5)
        steps = [(entry.step, entry.error.estimate) for entry in item.over_steps]
        assert steps == [(1000, 50.0), (2000, pytest.approx(1.6))]


def test_a_diverged_prediction_is_no_number(suite):
    for place in range(3, 6):
        seed = suite.suite["runs"][place]["seeds"][0]
        error = (math.inf, 0.3, 0.5)[seed]
        write_errors(suite, place, [(seed, 2000, 5, error, 1.0)])
    analysis = analysed(suite)
    fixed = analysis.model_errors[0].fixed
    assert (fixed.error.estimate, fixed.error.n) == (pytest.approx(0.4), 2)
    json.loads(as_json(analysis))


def test_algorithms_without_a_model_have_no_errors(suite):
    assert {item.algorithm for item in analysed(suite).model_errors} == {"mbpo", "plan2explore"}


def test_only_the_first_seed_s_predictions_are_kept(suite):
    aggregate.main(["--results", str(suite.results), "--config", str(suite.config)])
    summary = read_summary(suite.results / "summary")
    assert set(summary.predictions["seed"]) == {0}
    assert set(summary.predictions["algorithm"]) == {"mbpo", "plan2explore"}
    start = summary.predictions[summary.predictions["time"] == 0]
    np.testing.assert_array_equal(start["truth"], start["predicted"])


def test_runs_of_before_there_were_these_files_still_count(suite, tmp_path):
    for place in range(9):
        folder = suite.folder(place)
        for name in ("open_loop.csv", "predictions.csv"):
            (folder / name).unlink()
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        for name in ("open_loop.csv", "predictions.csv"):
            del manifest["files"][name]
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    page = Page(build_details(suite, tmp_path / "report"))
    assert analysed(suite).run_counts == {"complete": 9}
    # Their losses were logged anyway.
    assert "Disagreement and held-out loss over time" in page.visible
    assert "Predictions and true observations" not in page.visible
    assert "Open-loop error" not in page.visible


def test_a_promised_file_that_is_missing_is_damage(suite):
    (suite.folder(3) / "open_loop.csv").unlink()
    assert analysed(suite).run_counts == {"complete": 8, "damaged": 1}


def test_the_page_shows_errors_and_predictions(suite, tmp_path):
    page = Page(build_details(suite, tmp_path / "report"))
    assert "Open-loop error at the last evaluation" in page.visible
    labels = [svg.get("aria-label", "") for svg in page.all("svg")]
    for start in ("Open-loop error of the world models", "Observations on A-v0", "Disagreement"):
        assert sum(label.startswith(start) for label in labels) == 1


def test_an_error_without_seeds_has_no_interval(suite):
    write_errors(suite, 3, [(0, 2000, 5, math.nan, math.nan)])
    for place in (4, 5):
        write_errors(suite, place, [])
    (errors, _) = analysed(suite).model_errors
    assert errors.fixed.error == Interval(None, None, None, 0)
