"""The README shows the published numbers as `make publish` writes them."""

import json
import math
import re

import pytest

from publishing.readme import BLOCKS, ReadmeError, main, marks, replaced, with_published
from reporting.page.readme_block import (
    Picture,
    interval,
    published_answer,
    published_numbers,
    steps_in_words,
)
from tests.helpers.paths import ROOT

SPACE = "\N{NO-BREAK SPACE}"
ANSWER, NUMBERS = (marks(block) for block in BLOCKS)


def published_statistics():
    return json.loads((ROOT / "published/core/statistics.json").read_text(encoding="utf-8"))


def test_the_readme_shows_the_numbers_that_are_published():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert with_published(readme, published_statistics()) == readme


def test_every_task_has_a_row_and_missing_runs_are_said():
    statistics = published_statistics()
    cell = statistics["cells"][1]
    cell["n"] = 0
    rows = [line for line in published_numbers(statistics).splitlines() if line[:1] == "|"]
    assert len(rows) == 2 + len(statistics["facts"]) + 2  # and the groups of tasks
    name = cell["environment"].removeprefix("p2e/").partition("-v")[0]
    row = next(line for line in rows if line.startswith(f"| {name} |"))
    assert "| not run yet |" in row


def test_folders_that_the_suite_does_not_name_are_no_runs_of_it():
    statistics = published_statistics()
    block = published_numbers(statistics), published_answer(statistics)
    stranger = {"environment": "p2e-Old-v0", "algorithm": "sac", "status": "left out"}
    statistics["runs"].append(stranger)
    statistics["run_counts"]["left out"] = 1
    assert (published_numbers(statistics), published_answer(statistics)) == block


def test_an_algorithm_without_a_run_has_empty_cells():
    statistics = published_statistics()
    for cell in statistics["cells"]:
        if cell["algorithm"] == "mbpo":
            cell |= {"n": 0, "final": {"estimate": None, "low": None, "high": None}, "solved": None}
    for group in statistics["groups"]:
        group["algorithms"] = [one for one in group["algorithms"] if one["algorithm"] != "mbpo"]
        group["pairs"] = [pair for pair in group["pairs"] if "mbpo" not in pair.values()]
    block = published_numbers(statistics)
    assert "sparse tasks, score" in block and "not run yet" in block
    row = next(line for line in published_answer(statistics).splitlines() if "| MBPO" in line)
    assert set(row.split(" | ")[1:]) <= {"\N{EN DASH}", "\N{EN DASH} |"}


def test_the_answer_counts_the_seeds_that_solve_each_task_with_a_picture():
    statistics = published_statistics()
    block = published_answer(statistics)
    names, row = (
        next(line for line in block.splitlines() if line.startswith(start)).strip("| ").split(" | ")
        for start in ("| seeds that solve", "| Plan2Explore")
    )
    counts = dict(zip((name.replace("<br>", "") for name in names), row, strict=True))
    shown = {facts["id"] for facts in statistics["facts"].values() if facts["sparse"]}
    short = {name.removeprefix("p2e/").removesuffix("-v0") for name in shown}
    assert counts.keys() == short | {"seeds that solve the task"}
    assert counts["PointMaze"] == "5 of 5" and counts["PointMazeLarge"] == "0 of 5"
    assert block.startswith(f"> **{statistics['headline']['verdict']}** Of 35 runs")


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.5, 1.5, f"1.00 <sub>(0.50{SPACE}to{SPACE}1.50)</sub>"),
        (None, None, "1.00"),
        (1.0, 1.0, "1.00"),
        (0.999, 1.001, "1.00"),
    ],
)
def test_an_interval_is_shown_where_it_has_a_width(low, high, text):
    assert interval({"estimate": 1.0, "low": low, "high": high}, scale=1.0) == text


def test_what_the_scale_of_a_task_hides_is_zero():
    """Mountain car's reference is 94: of a return of -0.002 nothing is seen."""
    block = published_numbers(published_statistics())
    (row,) = (line for line in block.splitlines() if line.startswith("| MountainCarContinuous"))
    assert row.startswith("| MountainCarContinuous | 0.0 | 0.0 | 94.4 <sub>(94.2")
    assert "0.000" not in block and "0.00 to" not in row


def test_a_name_above_a_picture_has_at_most_three_lines():
    names = ["p2e/CartPoleSwingupSparse-v0", "p2e/SparseHalfCheetah-v0", "p2e/PointMaze-v0"]
    lines = [Picture(name, "", "").narrow_name for name in names]
    assert lines == ["CartPole<br>Swingup<br>Sparse", "Sparse<br>Half<br>Cheetah", "Point<br>Maze"]


def test_the_evidence_says_once_what_its_ranges_are():
    block = published_answer(published_statistics()).split("\n\n")[0]
    assert block.count("95% interval") == 1
    assert "SAC (+0.62, 95% interval +0.55 to +0.69" in block
    assert "MBPO (+0.60, +0.50 to +0.68" in block


@pytest.mark.parametrize(
    ("budgets", "text"), [([8000, 20000, 8000], "8,000 to 20,000"), ([500, 500], "500")]
)
def test_budgets_in_words(budgets, text):
    assert steps_in_words(budgets) == text


def test_the_readme_has_two_screens():
    """Each of 1,280 by 720 pixels, as GitHub shows it: text in lines of 24 pixels and of some 112
    letters, table rows of 35, 16 between blocks; the rest as measured in Chromium."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.sub(r"<!--.*?-->|\]\([^)]*\)|[*\[`]", "", readme)
    height = 0
    for block in filter(None, (part.strip() for part in shown.split("\n\n"))):
        lines = block.splitlines()
        if block.startswith("|"):
            height += 35 * (len(lines) - 1) + 70 * ("<img" in block)
        elif "make demo" in block:
            height += 32 + 20 * len(lines)
        else:
            height += 24 * math.ceil(len(" ".join(lines)) / 112)
        height += 16
    assert 1200 < height <= 1440


def test_only_what_stands_between_the_marks_is_replaced(tmp_path):
    readme = tmp_path / "README.md"
    blocks = "between".join("\nold\n".join(pair) for pair in (ANSWER, NUMBERS))
    readme.write_text(f"before\n{blocks}\nafter\n")
    statistics = ROOT / "published/core/statistics.json"
    main(["--statistics", str(statistics), "--readme", str(readme)])
    text = readme.read_text()
    assert text.startswith("before\n") and text.endswith("\nafter\n")
    assert "\nold\n" not in text and "| PointMaze |" in text
    assert f"{ANSWER[1]}between{NUMBERS[0]}" in text


@pytest.mark.parametrize(
    "text", ["", NUMBERS[0], f"{NUMBERS[1]} {NUMBERS[0]}", f"{NUMBERS[0]}{NUMBERS[0]}{NUMBERS[1]}"]
)
def test_a_readme_without_a_place_is_refused(text):
    with pytest.raises(ReadmeError, match="expected once"):
        replaced(text, "published numbers", "block")
