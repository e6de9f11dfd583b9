"""The page: self-contained, escaped, accessible, reproducible, and clear about missing data."""

import json
import re
import shutil
from itertools import pairwise

import pytest

import aggregate
import figures
import report
from reporting.text import number, score
from tests.helpers.pages.html_page import Page
from tests.workflow.scripts.reporting.page.test_synthetic_suite import (
    SyntheticTask,
    write_manifest,
    write_suite,
)

EVIL = "<script>alert('x')</script>&\"$x$"


def build(suite, folder):
    aggregate.main(["--results", str(suite.results), "--config", str(suite.config)])
    summary = str(suite.results / "summary")
    drawn = str(folder / "figures")
    figures.main(["--summary", summary, "--output", drawn], suite.facts_of)
    films = str(folder / "films")
    arguments = ["--summary", summary, "--figures", drawn, "--films", films]
    report.main([*arguments, "--output", str(folder)], suite.facts_of)
    return (folder / "index.html").read_text(encoding="utf-8")


def build_details(suite, folder):
    """The second page."""
    build(suite, folder)
    return (folder / "details.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    """One task with a missing, a damaged and a left-out run, and one with a malicious name."""
    tasks = [SyntheticTask("p2e/Maze-v0"), SyntheticTask(EVIL, sparse=False)]
    suite = write_suite(tmp_path_factory.mktemp("page") / "results", tasks, seeds=2)
    shutil.rmtree(suite.folder(0))
    (suite.folder(3) / "losses.csv").write_text("seed,step\n", encoding="utf-8")
    shutil.copytree(suite.folder(1), suite.folder(1).with_name("9"))
    run = suite.suite["runs"][1]
    run["command"] = f"/opt/bin/python {suite.folder(1)} {EVIL}"
    write_manifest(suite.folder(1), run)
    suite.suite["question"] = "Which of three is best?"
    suite.suite["limits"] = ["Seeds: <seeds> of <steps>."]
    suite.config.write_text(json.dumps(suite.suite), encoding="utf-8")
    return suite


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("report")


@pytest.fixture(scope="module")
def html(suite, folder):
    return build(suite, folder)


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


@pytest.fixture(scope="module")
def details(html, folder):
    return Page((folder / "details.html").read_text(encoding="utf-8"))


@pytest.fixture(params=["index.html", "details.html"])
def either(request, html, folder):
    """Each of the two pages as text."""
    return (folder / request.param).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def numbers(html, folder):
    return json.loads((folder / "statistics.json").read_text(encoding="utf-8"))


def test_the_answer_comes_first(page, numbers):
    answer = page.visible.index(numbers["headline"]["verdict"])
    assert answer < page.visible.index("Task by task", answer)
    first = next(attributes for attributes in page.all("svg") if attributes.get("role") == "img")
    assert first["aria-label"].startswith("Plan2Explore's normalised score minus its rivals'")


def test_the_first_screen_says_who_was_compared_and_what_it_cost(page, numbers):
    start = page.visible.index("What was compared")
    agents = page.visible[start : page.visible.index("Seeds that solve each task")]
    assert "SAC learns by trial and error" in agents
    assert "Runs solved, 1 sparse task" in agents
    for one in numbers["groups"][1]["algorithms"]:
        assert f"{one['solved']['count']} of {one['solved']['n']}" in agents
    for total in numbers["cost_totals"]:
        assert number(total["hours"]) in agents
    tiles = page.visible[page.visible.index("Seeds that solve each task") :]
    for cell in numbers["cells"]:
        assert f"{cell['solved']['count']} of {cell['solved']['n']}" in tiles


def test_the_question_and_the_limits_are_those_of_the_suite(page, numbers):
    assert numbers["question"] == "Which of three is best?"
    assert next(text for tag, text in page.texts if tag == "h1") == numbers["question"]
    limits = page.visible[page.visible.index("What this cannot tell") :]
    assert limits.startswith("What this cannot tell Seeds. 1 to 2 seeds of 2,000 steps.")


def test_every_figure_has_a_finding_and_a_link_to_its_data_and_its_file(either, folder):
    shown = Page(either)
    panels = sum(one.get("class") == "panel" for one in shown.all("div"))
    titles = sum(one.get("class") == "panel-title" for one in shown.all("h3"))
    links = [one["href"] for one in shown.all("a") if one["href"].startswith("figures/")]
    assert panels > 1 and titles >= panels and len(links) >= panels
    assert all((folder / link).is_file() for link in links)


def test_long_tables_can_be_passed_over(either):
    shown = Page(either)
    passes = [one["href"][1:] for one in shown.all("a") if one.get("class") == "skip pass"]
    ids = [attributes["id"] for _, attributes in shown.elements if "id" in attributes]
    assert set(passes) <= set(ids)
    assert len(passes) >= 5 or "What was compared" in either


def test_the_metrics_are_estimates_of_the_statistics(numbers, folder):
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    returns = {
        (environment, algorithm): value
        for environment, cases in metrics["final return"].items()
        for algorithm, value in cases.items()
    }
    cells = {(c["environment"], c["algorithm"]): c["final"]["estimate"] for c in numbers["cells"]}
    assert len(returns) == 6 and returns == cells
    scores = metrics["mean normalised score"]
    assert scores.keys() == {group["name"] for group in numbers["groups"]}
    for group in numbers["groups"]:
        estimates = {a["algorithm"]: a["mean"]["estimate"] for a in group["algorithms"]}
        assert scores[group["name"]] == estimates
    assert metrics["runs"] == {"complete": 10, "damaged": 1, "left out": 1, "missing": 1}


def test_missing_damaged_and_left_out_runs_are_named(page):
    box = page.visible[page.visible.index("What is not in these numbers") :]
    box = box[: box.index("Task by task")]
    assert "2 of the 12 runs that the suite asks for are missing or damaged" in box
    assert "missing p2e/Maze-v0, SAC, seeds 0: there is no manifest.json" in box
    assert "runs/task-0/sac/0" in box
    assert "damaged p2e/Maze-v0, MBPO, seeds 1: the sha256 of losses.csv is not the one" in box
    assert "left out runs/task-0/sac/9" in box


def test_text_from_data_is_escaped(either):
    page = Page(either)
    assert "<script>alert" not in either
    assert [tag for tag, text in page.texts if "alert('x')" in text and tag == "script"] == []
    assert len([tag for tag in page.all("script") if "type" not in tag]) == 1


def test_the_name_of_a_task_is_shown_as_it_is(details):
    assert "alert('x')" in details.visible


def test_nothing_is_loaded_from_anywhere(either):
    page, html = Page(either), either
    addresses = set(re.findall(r"https?://[^\s\"'<>)]+", html))
    papers = {address for address in addresses if address.startswith("https://arxiv.org/abs/")}
    assert addresses - papers == {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    for tag, attributes in page.elements:
        for name in ("src", "href", "xlink:href", "data", "poster", "srcset"):
            target = attributes.get(name, "#")
            # A link to a file beside the page loads nothing until it is clicked.
            here = ("statistics.json", "index.html", "details.html", "figures/")
            around = ("../../results/", "../../docs/", "../../README.md", "../../published/")
            beside = (*here, *around, *papers) if tag == "a" else ()
            assert target.startswith(("#", "data:", *beside)), (tag, name, target)
    assert "@import" not in html and "url(http" not in html
    assert len(html) < 15_000_000


def test_no_path_of_this_machine_is_shown(either, suite):
    assert str(suite.results.parent) not in either
    assert "/opt/bin" not in either


def test_a_second_run_gives_the_same_bytes(html, suite, folder, tmp_path):
    def contents(root):
        files = [path for path in root.rglob("*") if path.is_file()]
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}

    # A figure of an earlier run that is no longer drawn is deleted.
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "learning-old.svg").write_text("<svg/>", encoding="utf-8")
    build(suite, tmp_path)
    assert len(contents(folder)) > 12
    assert contents(tmp_path) == contents(folder)


def test_elements_nest_and_ids_are_unique(either):
    page = Page(either)
    assert page.unbalanced == [] and page.open == []
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {a["href"][1:] for a in page.all("a") if a["href"].startswith("#")}
    named = {
        name
        for _, attributes in page.elements
        for key in ("aria-labelledby", "aria-controls", "for")
        for name in attributes.get(key, "").split()
    }
    assert targets | named <= set(ids)


def test_headings_step_down_one_level_at_a_time(either):
    page = Page(either)
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_figures_and_tables_say_what_they_are(either):
    page = Page(either)
    figures_ = [svg for svg in page.all("svg") if svg.get("aria-hidden") != "true"]
    assert len(figures_) > 5
    assert all(svg["role"] == "img" and len(svg["aria-label"]) > 30 for svg in figures_)
    tables = [table for table in page.all("table") if table.get("class") != "files"]
    tables = [table for table in tables if "aria-label" not in table]
    assert len(page.all("caption")) == len(tables)
    assert all("lang" in attributes for attributes in page.all("html"))


def test_runs_are_opened_by_buttons(details):
    buttons = details.all("button")
    assert sum(button["class"] == "open" for button in buttons) == 13
    assert all(button["type"] == "button" for button in buttons)


def test_runs_open_to_command_and_hashes(details, suite):
    page = details
    manifest = json.loads((suite.folder(1) / "manifest.json").read_text(encoding="utf-8"))
    assert all(digest in page.visible for digest in manifest["files"].values())
    run = suite.suite["runs"][2]
    assert run["command"] in page.visible
    assert '"batch_size": 256' in page.visible


def test_numbers_of_the_table_are_those_of_the_statistics(details, numbers):
    page = details
    start = page.visible.index("Final scores of every algorithm")
    table = page.visible[start : page.visible.index("Which differences")]
    for cell in numbers["cells"]:
        mine = [c for c in numbers["cells"] if c["environment"] == cell["environment"]]
        reference = numbers["facts"][cell["environment"]]["reference_score"]
        size = max(abs(value) for value in (reference, *(c["final"]["estimate"] for c in mine)))
        for quantity in ("final", "best"):
            assert number(cell[quantity]["estimate"], scale=size) in table
        for quantity in ("normalised", "normalised_area"):
            assert score(cell[quantity]["estimate"]) in table
        if cell["n"] >= 2:
            ends = cell["final"]["low"], cell["final"]["high"]
            assert " to ".join(number(end, scale=size) for end in ends) in table
    assert {cell["n"] for cell in numbers["cells"]} == {1, 2}
    assert "not available" in table


def all_numbers(value):
    """Every number in a structure read from JSON, those written as text included."""
    if isinstance(value, dict):
        return {number for part in value.values() for number in all_numbers(part)}
    if isinstance(value, list):
        return {number for part in value for number in all_numbers(part)}
    try:
        return {float(value)} if value is not None else set()
    except ValueError:
        return set()


def test_every_number_of_every_table_is_in_the_statistics(either, numbers):
    page, known, shown = Page(either), all_numbers(numbers), []
    for cell in page.all("td"):
        for name in ("data-value", "data-low", "data-high"):
            try:
                shown.append(float(cell.get(name, "no number")))
            except ValueError:
                continue
    assert len(shown) > 30
    assert [value for value in shown if value not in known] == []


def test_few_seeds_are_warned_of(page, details):
    assert "With as few seeds as here, intervals are too narrow" in page.visible
    assert "Intervals with few seeds cover less than they claim" in details.visible
    assert "biased upward" in details.visible


def test_a_suite_without_results_still_has_a_page(tmp_path):
    suite = write_suite(tmp_path / "results", [SyntheticTask("A-v0")], seeds=1)
    shutil.rmtree(suite.results / "runs")
    page = Page(build(suite, tmp_path / "report"))
    assert "there is no answer yet" in page.visible
    assert "3 of the 3 runs that the suite asks for are missing or damaged" in page.visible


def test_runs_that_are_missing_for_the_same_reason_share_a_line(tmp_path):
    suite = write_suite(tmp_path / "results", [SyntheticTask("A-v0")], seeds=4)
    for seed in (0, 1, 2):
        shutil.rmtree(suite.folder(seed))
    page = Page(build(suite, tmp_path / "report"))
    line = "A-v0, SAC, seeds 0-2: there is no manifest.json: it has not finished runs/task-0/sac "
    assert line in page.visible
    assert page.unbalanced == []


def test_one_task_and_two_rivals_are_not_spoken_of_as_several_tasks_or_as_curious(tmp_path):
    one = [SyntheticTask("A-v0", sparse=False)]
    suite = write_suite(tmp_path / "results", one, seeds=3, algorithms=("sac", "mbpo"))
    answer = Page(build(suite, tmp_path / "report")).visible
    details = Page((tmp_path / "report" / "details.html").read_text(encoding="utf-8")).visible
    assert "None of these algorithms is curious" in answer and "Curiosity should" not in answer
    assert (
        "One exact two-sided Mann\N{EN DASH}Whitney test, so that nothing has to be corrected"
        in details
    )
    assert "The verdicts are those over several tasks" not in details
    assert "how much they differ: with 1 task there is none." in details


def test_several_tasks_and_a_curious_algorithm_are_spoken_of_as_such(page, details):
    assert "Curiosity should show in the states that were visited" in page.visible
    assert "corrected by Holm's method over all" in details.visible
    assert "with 2 tasks it would be far wider" in details.visible
