"""The share of time by part: from the manifests to the page, and runs that did not record it."""

import json

import pytest

import aggregate
from p2e.loop.part_seconds import OTHER, PARTS
from reporting.tables.costs import time_shares
from reporting.tables.summary import read_summary
from runs.files import RUNS_TABLE
from tests.helpers.pages.html_page import Page
from tests.workflow.scripts.reporting.page.test_html_page import build_details
from tests.workflow.scripts.reporting.page.test_synthetic_suite import SyntheticTask, write_suite

TITLE = "By part of the program"
NAMES = [*PARTS, OTHER]
SECONDS = dict(zip(NAMES, (1.0, 2.0, 3.0, 6.0, 5.0, 2.0, 1.0), strict=True))
LONGER = dict(zip(NAMES, (4.0, 8.0, 12.0, 4.0, 4.0, 4.0, 4.0), strict=True))


@pytest.fixture
def suite(tmp_path):
    """Two seeds of each algorithm, whose manifests are those of older runs."""
    return write_suite(tmp_path / "results", [SyntheticTask("A-v0")], seeds=2)


def record(suite, place, changes):
    """Add facts to the manifest of the run at `place`."""
    path = suite.folder(place) / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(manifest | changes), encoding="utf-8")


def summarised(suite):
    aggregate.main(["--results", str(suite.results), "--config", str(suite.config)])
    return read_summary(suite.results / "summary")


def test_shares_are_means_over_the_runs_that_recorded_them(suite):
    record(suite, 2, {"seconds_by_part": SECONDS})  # both of MBPO, and one of Plan2Explore
    record(suite, 3, {"seconds_by_part": LONGER})
    record(suite, 4, {"seconds_by_part": SECONDS})
    mbpo, plan2explore = time_shares(summarised(suite))
    assert (mbpo.algorithm, mbpo.runs) == ("mbpo", 2)
    assert mbpo.shares == {
        name: pytest.approx((SECONDS[name] / 20 + LONGER[name] / 40) / 2) for name in NAMES
    }
    assert sum(mbpo.shares.values()) == pytest.approx(1.0)
    assert (plan2explore.algorithm, plan2explore.runs) == ("plan2explore", 1)
    assert plan2explore.shares["agents"] == pytest.approx(0.3)


def test_a_damaged_run_does_not_count(suite):
    record(suite, 2, {"seconds_by_part": SECONDS, "steps": 7})
    assert time_shares(summarised(suite)) == []


def test_a_summary_without_the_column_has_no_shares(suite):
    """As those that were published before."""
    summarised(suite)
    table = suite.results / "summary" / RUNS_TABLE
    text = table.read_text(encoding="utf-8")
    table.write_text(text.replace("seconds_by_part", "another_column", 1), encoding="utf-8")
    summary = read_summary(table.parent)
    assert "seconds_by_part" not in summary.runs[0]
    assert time_shares(summary) == []


def test_the_page_shows_them_for_each_algorithm(suite, tmp_path):
    for place in range(6):
        record(suite, place, {"seconds_by_part": SECONDS if place < 4 else LONGER})
    page = Page(build_details(suite, tmp_path / "report"))
    words = page.visible
    assert f"{TITLE} Share of the wall-clock time by part, means over 2 complete runs of" in words
    assert "did not record it" not in words and "A GPU works" not in words
    shown = words.partition(TITLE)[2]
    assert "Part SAC MBPO Plan2Explore Acting 5% 5% 10% World 10% 10% 20% Imagination" in shown
    assert "Agents 30% 30% 10% Environment 25% 25% 10% Evaluation 10% 10% 10% Other 5%" in shown
    bars = [span["style"] for span in page.all("span") if span.get("class") == "share"]
    assert len(bars) == 3 * len(NAMES)
    assert bars[2] == "--c: var(--colour-d55e00, #d55e00); --share: 10%"
    assert page.unbalanced == []


def test_the_page_says_that_some_runs_are_older_and_what_a_gpu_does(suite, tmp_path):
    record(suite, 0, {"seconds_by_part": SECONDS, "device": "NVIDIA X"})
    words = Page(build_details(suite, tmp_path / "report")).visible
    assert "means over 1 complete run of each algorithm; older runs did not record it" in words
    assert "A GPU works while the program goes on." in words


def test_the_page_of_older_runs_leaves_them_out(suite, tmp_path):
    text = build_details(suite, tmp_path / "report")
    assert "Cost of training" in text and TITLE not in text
