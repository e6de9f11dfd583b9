"""The README shows the published numbers as `make publish` writes them."""

import json
import shutil

import pytest

from readme import BEGIN, END, ReadmeError, main, replaced
from reporting.page.readme_block import (
    HEADLINE_FIGURE,
    interval,
    published_block,
)
from tests.helpers.paths import ROOT


def published_statistics():
    return json.loads((ROOT / "published/core/statistics.json").read_text(encoding="utf-8"))


def test_the_readme_shows_the_numbers_that_are_published():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert replaced(readme, published_block(published_statistics(), "published/core")) == readme


def test_every_task_has_a_row_and_missing_runs_are_said():
    statistics = published_statistics()
    cell = statistics["cells"][1]
    cell["n"] = 0
    block = published_block(statistics, "p")
    table = block[block.index("| task |") :]
    rows = [line for line in table.splitlines() if line[:1] == "|"]
    assert len(rows) == 2 + len(statistics["facts"])
    row = next(line for line in rows if f"| {cell['environment']} |" in line)
    assert "| not run yet |" in row


def test_folders_that_the_suite_does_not_name_are_no_runs_of_it():
    statistics = published_statistics()
    block = published_block(statistics, "p")
    stranger = {"environment": "p2e-Old-v0", "algorithm": "sac", "status": "left out"}
    statistics["runs"].append(stranger)
    statistics["run_counts"]["left out"] = 1
    assert published_block(statistics, "p") == block


def test_an_algorithm_without_a_run_has_empty_cells():
    statistics = published_statistics()
    for cell in statistics["cells"]:
        if cell["algorithm"] == "mbpo":
            cell |= {"n": 0, "final": {"estimate": None, "low": None, "high": None}}
    for group in statistics["groups"]:
        group["algorithms"] = [one for one in group["algorithms"] if one["algorithm"] != "mbpo"]
        group["pairs"] = [pair for pair in group["pairs"] if "mbpo" not in pair.values()]
    block = published_block(statistics, "p")
    assert "mean normalised score" in block and "not run yet" in block


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(0.5, 1.5, "1.00 (0.50 to 1.50)"), (None, None, "1.00"), (1.0, 1.0, "1.00")],
)
def test_an_interval_is_shown_where_it_has_a_width(low, high, text):
    assert interval({"estimate": 1.0, "low": low, "high": high}) == text


def test_only_what_stands_between_the_marks_is_replaced(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    published, figures = tmp_path / "published", tmp_path / "figures"
    for folder in (published, figures):
        folder.mkdir()
    shutil.copy(ROOT / "published/core/statistics.json", published)
    (figures / "differences.svg").write_text('<svg style="x">drawn</svg>')
    arguments = ["--statistics", str(published / "statistics.json"), "--figures", str(figures)]
    main([*arguments, "--readme", str(readme)])
    text = readme.read_text()
    assert text.startswith("before\n") and text.endswith("\nafter\n")
    assert (published / HEADLINE_FIGURE).as_posix() in text
    root = (published / HEADLINE_FIGURE).read_text().partition(">")[0]
    assert root.count("background: white; ") == 1
    assert "\nold\n" not in text and "| p2e/PointMaze-v0 |" in text


@pytest.mark.parametrize("text", ["", BEGIN, f"{END} {BEGIN}", f"{BEGIN}{BEGIN}{END}"])
def test_a_readme_without_a_place_is_refused(text):
    with pytest.raises(ReadmeError, match="expected once"):
        replaced(text, "block")
