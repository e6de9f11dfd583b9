"""Curves answer a pointer, a finger and the arrow keys, with the numbers of the runs."""

import json
import math
import re

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import expect
from scipy import stats

from runs.files import DETAILS_PAGE
from tests.helpers.pages.browser import height, opened_pages
from tests.workflow.scripts.reporting.page.test_html_page import EVIL, build
from tests.workflow.scripts.reporting.page.test_synthetic_suite import SyntheticTask, write_suite

NAMES = {"sac": "SAC", "mbpo": "MBPO", "plan2explore": "Plan2Explore"}
NUMBER = r"[\u2212\d.,]+"
ROW = re.compile(
    rf"(SAC|MBPO|Plan2Explore) ({NUMBER}), (?:({NUMBER}) to ({NUMBER})|no interval), (\d+) seeds?"
)


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    """Two tasks, of which one has a single seed of SAC."""
    tasks = [SyntheticTask("p2e/Maze-v0"), SyntheticTask(EVIL, sparse=False)]
    return write_suite(tmp_path_factory.mktemp("results") / "curves", tasks, seeds=3)


@pytest.fixture(scope="module")
def folder(suite, tmp_path_factory):
    for place in (0, 1):  # two of the three seeds of SAC on the first task
        (suite.folder(place) / "manifest.json").unlink()
    folder = tmp_path_factory.mktemp("report")
    build(suite, folder)
    return folder


@pytest.fixture
def open_page(browser, folder):
    """`open_page(width, has_touch=True)`: the page just loaded."""
    with opened_pages(browser, folder, (1280, 900)) as open_it:
        yield open_it


@pytest.fixture
def page(open_page):
    return open_page()


def charts(page):
    return page.locator("#learning .chart")


def value(text):
    return float(text.replace("\N{MINUS SIGN}", "-").replace(",", ""))


def rows_of(chart):
    """What a chart says at its place: by algorithm mean, low, high and number of seeds."""
    found = ROW.findall(chart.get_attribute("aria-valuetext"))
    return {
        name: (value(mean), value(low) if low else None, value(high) if high else None, int(n))
        for name, mean, low, high, n in found
    }


def rounded(number):
    return float(f"{number:.4g}")


def expected(suite, environment, algorithm, step):
    """Mean and t interval over seeds, from the runs' own tables, by scipy."""
    scores = []
    for run in suite.suite["runs"]:
        folder = suite.results / run["path"].removeprefix(f"results/{suite.results.name}/")
        mine = (run["environment"], run["algorithm"]) == (environment, algorithm)
        if mine and (folder / "manifest.json").is_file():
            table = pd.read_csv(folder / "evaluation.csv")
            scores += list(table[table["step"] == step].groupby("seed")["return"].mean())
    n, mean = len(scores), float(np.mean(scores))
    if n < 2:
        return rounded(mean), None, None, n
    low, high = stats.t.interval(0.95, n - 1, loc=mean, scale=stats.sem(scores))
    return rounded(mean), rounded(low), rounded(high), n


def test_what_a_curve_says_is_what_the_runs_say(page, suite):
    for chart, environment in zip(charts(page).all(), suite.tasks, strict=True):
        chart.focus()
        page.keyboard.press("Home")
        steps = []
        for _ in range(6):
            text = chart.get_attribute("aria-valuetext")
            steps.append(int(value(text.partition(" steps:")[0])))
            said = rows_of(chart)
            assert said == {
                name: expected(suite, environment, algorithm, steps[-1])
                for algorithm, name in NAMES.items()
            }
            shown = chart.locator(".tip").inner_text()
            assert all(f"{row[3]} seed" in shown for row in said.values())
            page.keyboard.press("ArrowRight")
        assert steps == [0, 400, 800, 1200, 1600, 2000]
    assert said["SAC"][3] == 3
    assert rows_of(charts(page).first)["SAC"][1:] == (None, None, 1)


def test_coverage_is_said_in_percent(open_page, folder):
    numbers = json.loads((folder / "statistics.json").read_text(encoding="utf-8"))
    page = open_page(name=DETAILS_PAGE)
    text = page.locator("#visited .chart").first.get_attribute("aria-valuetext")
    curve = numbers["coverage_curves"][0]
    assert f"SAC {rounded(100 * rounded(curve['mean'][-1])):g}%" in text


def test_the_pointer_chooses_the_nearest_evaluation(page):
    chart = charts(page).first
    chart.scroll_into_view_if_needed()
    tip, box = chart.locator(".tip"), chart.bounding_box()
    assert not tip.is_visible()
    ends = (46, box["width"] - 12)  # of the horizontal axis
    for share, step in ((0.0, "0 steps"), (0.39, "800 steps"), (1.0, "2,000 steps")):
        x = ends[0] + share * (ends[1] - ends[0])
        page.mouse.move(box["x"] + x, box["y"] + 60)
        expect(tip).to_be_visible()
        assert tip.locator("> b").inner_text() == step
        place = tip.bounding_box()
        assert place["x"] >= 0 and place["x"] + place["width"] <= 1280
    page.mouse.move(box["x"] + 60, box["y"] - 200)
    expect(tip).to_be_hidden()


def test_arrow_keys_move_and_escape_hides(page):
    chart = charts(page).first
    chart.focus()
    tip = chart.locator(".tip > b")
    seen = []
    for key in ("End", "ArrowLeft", "ArrowDown", "Home", "ArrowLeft", "ArrowUp", "PageUp"):
        page.keyboard.press(key)
        seen.append(tip.inner_text().removesuffix(" steps"))
    assert seen == ["2,000", "1,600", "1,200", "0", "0", "400", "800"]
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()


def test_a_finger_reads_values_on_a_phone(open_page):
    page = open_page(390, has_touch=True)
    chart = charts(page).first
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    page.touchscreen.tap(box["x"] + 200, box["y"] + 60)
    tip = chart.locator(".tip")
    expect(tip).to_be_visible()
    place = tip.bounding_box()
    assert place["x"] >= 0 and place["x"] + place["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.touchscreen.tap(20, box["y"] - 40)
    expect(tip).to_be_hidden()


def test_the_legend_hides_and_shows_lines(page):
    button = page.locator("#learning").get_by_role("button", name="MBPO", exact=True)
    lines = page.locator("#learning .chart .mean")
    assert button.get_attribute("aria-pressed") == "true" and lines.count() == 6
    button.press("Enter")
    assert button.get_attribute("aria-pressed") == "false" and lines.count() == 4
    assert "MBPO" not in rows_of(charts(page).first)
    button.click()
    assert button.get_attribute("aria-pressed") == "true" and lines.count() == 6


def test_time_is_that_of_the_costs(page, folder):
    numbers = json.loads((folder / "statistics.json").read_text(encoding="utf-8"))
    page.locator("#learning").get_by_role("button", name="Training time").click()
    text = charts(page).last.get_attribute("aria-valuetext")
    ends = re.findall(rf"(SAC|MBPO|Plan2Explore) .*?, 2,000 steps, ({NUMBER}) s;", text)
    costs = [cost for cost in numbers["costs"] if cost["environment"] == EVIL]
    assert dict(ends) == {
        NAMES[cost["algorithm"]]: f"{cost['seconds_per_seed']:.0f}" for cost in costs
    }
    assert charts(page).first.get_by_text("seconds of training, a seed").count() == 1
    for curve in numbers["learning_curves"]:
        assert curve["seconds"][0] == 0 and curve["seconds"] == sorted(curve["seconds"])
        assert all(math.isfinite(second) for second in curve["seconds"])


def test_without_the_script_and_on_paper_the_drawing_is_shown(open_page):
    plain = open_page(java_script_enabled=False)
    drawing = plain.locator("#learning .panel > svg").first
    assert drawing.is_visible() and plain.locator(".chart").count() == 0
    page = open_page()
    drawing = page.locator("#learning .panel > svg").first
    assert not drawing.is_visible() and charts(page).first.is_visible()
    page.emulate_media(media="print")
    assert drawing.is_visible() and not charts(page).first.is_visible()
    assert height(page.locator(".curve-tools").first) == 0
