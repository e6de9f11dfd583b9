"""Reproduced beside published numbers on the page: the summary, and the verdict of each row."""

import json
import shutil

import pytest

import report
from reporting.statistics.analysis import analyse, as_json
from reporting.statistics.verification_result import read_verification
from reporting.tables.summary import read_summary
from reporting.text import number
from reporting.verification.published_comparison import Numbers, verify
from tests.helpers.pages.html_page import Page
from tests.helpers.suites.synthetic_training import trained_earlier
from tests.workflow.scripts.reporting.page.test_html_page import build, build_details
from tests.workflow.scripts.reporting.page.test_synthetic_suite import SyntheticTask, write_suite
from verify import write

TASKS = [SyntheticTask("p2e/Maze-v0")]


@pytest.fixture
def suite(tmp_path):
    return write_suite(tmp_path / "results" / "small", TASKS, seeds=2)


def publish(suite, folder, change=None):
    """Publish the report's numbers, with the first seed's final score shifted by `change`."""
    page = build_details(suite, folder)
    published = folder / "published"
    published.mkdir()
    numbers = json.loads((folder / "statistics.json").read_text(encoding="utf-8"))
    numbers["cells"][0]["seeds"][0]["final"] += change or 0.0
    (published / "statistics.json").write_text(json.dumps(numbers), encoding="utf-8")
    runs = (suite.results / "summary" / "runs.csv").read_text(encoding="utf-8")
    (published / "runs.csv").write_text(trained_earlier(runs), encoding="utf-8")
    return page, published


def move_elsewhere(published):
    """Change the published runs as if they came from another processor."""
    table = published / "runs.csv"
    runs = table.read_text(encoding="utf-8")
    table.write_text(runs.replace("a processor", "another"), encoding="utf-8")


def verified(suite, folder, published):
    """The page and statistics.json after a comparison with what was published."""
    summary = suite.results / "summary"
    write(summary, published, suite.facts_of)
    arguments = ["--summary", str(summary), "--figures", str(folder / "figures")]
    arguments += ["--films", str(folder / "films"), "--output", str(folder)]
    report.main(arguments, suite.facts_of)
    page = Page((folder / "details.html").read_text(encoding="utf-8"))
    numbers = json.loads((folder / "statistics.json").read_text(encoding="utf-8"))
    return page, numbers["verification"]


def section(page):
    words = page.visible
    return words[
        words.index("Comparison with the published numbers") : words.rindex("Protocol and stat")
    ]


def verdicts(page):
    """The texts of the column of verdicts, without those of other tables."""
    known = ("equal", "within the interval", "differs", "missing", "not compared")
    return [text for tag, text in page.texts if tag == "span" and text in known]


def test_without_a_comparison_there_is_no_section_and_without_published_numbers_it_says_so(
    suite, tmp_path
):
    page, published = publish(suite, tmp_path / "report")
    assert 'id="verification"' not in page
    shutil.rmtree(published)
    page, result = verified(suite, tmp_path / "report", published)
    assert "Nothing of the suite small is published" in section(page)
    assert (result["verdict"], result["rows"]) == ("nothing to compare", [])


def test_the_same_numbers_are_equal_in_every_row(suite, tmp_path):
    _, published = publish(suite, tmp_path / "report")
    page, result = verified(suite, tmp_path / "report", published)
    assert "All 6 scores agree with the published ones: 6 equal" in section(page)
    assert verdicts(page) == ["equal"] * 6
    assert [row["status"] for row in result["rows"]] == ["equal"] * 6
    for row in result["rows"]:
        assert number(row["published"]["estimate"]) in section(page)
    assert not any(p.get("class") == "warning" for p in page.all("p"))


def test_one_bit_apart_differs_in_words(suite, tmp_path):
    _, published = publish(suite, tmp_path / "report", change=1e-9)
    page, result = verified(suite, tmp_path / "report", published)
    assert "1 of 6 scores disagree with the published ones" in section(page)
    assert verdicts(page) == ["differs"] + ["equal"] * 5
    assert "same machine, versions and code, but not in seeds [0]" in section(page)
    assert any(p.get("class") == "warning" for p in page.all("p"))
    assert result["rows"][0]["score"] == "final" and "final return" in section(page)


def test_elsewhere_the_interval_stands_in_the_row(suite, tmp_path):
    _, published = publish(suite, tmp_path / "report", change=1.0)
    move_elsewhere(published)
    page, result = verified(suite, tmp_path / "report", published)
    assert verdicts(page) == ["within the interval"] + ["equal"] * 5
    difference = result["rows"][0]["difference"]
    # Minus half of the shift of one of two seeds.
    assert difference["estimate"] == pytest.approx(-0.5)
    shown = [cell for cell in page.all("td") if "data-low" in cell]
    ends = {(float(cell["data-low"]), float(cell["data-high"])) for cell in shown}
    assert (difference["low"], difference["high"]) in ends
    assert "other cpu: the interval of the difference holds zero" in section(page)


def test_the_mean_over_tasks_has_a_row_of_its_own(tmp_path):
    tasks = [*TASKS, SyntheticTask("p2e/Other-v0")]
    suite = write_suite(tmp_path / "results" / "small", tasks, seeds=2)
    _, published = publish(suite, tmp_path / "report", change=1.0)
    move_elsewhere(published)
    page, result = verified(suite, tmp_path / "report", published)
    assert [row["environment"] for row in result["rows"]].count("all tasks") == 1
    assert "None of 13 scores contradicts the published ones: 11 equal, 2 within" in section(page)
    assert "All tasks" in section(page) and "mean over tasks" in section(page)


def test_what_is_read_back_is_what_was_written(suite, tmp_path):
    build(suite, tmp_path / "report")
    summary = read_summary(suite.results / "summary")
    statistics = json.loads(as_json(analyse(summary, suite.facts_of)))
    result = verify(Numbers(statistics, summary.runs), Numbers(statistics, summary.runs))
    file = tmp_path / "verification.json"
    file.write_text(result.as_json(), encoding="utf-8")
    assert read_verification(file) == result


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"rows": [{}]}', '{"rows": [], "x": 1}'])
def test_a_damaged_file_is_named(tmp_path, text):
    file = tmp_path / "verification.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"verification\.json: not readable as a verification: "):
        read_verification(file)
