"""The page in a real browser: no complaint, tables that sort, filter and copy, runs that open."""

import csv
import io
import json
import shutil

import pytest

from tests.chromium import Chromium
from tests.synthetic_films import write_films
from tests.test_report_page import EVIL
from tests.test_report_synthetic import SyntheticTask, write_suite
from tests.test_report_verification import publish, verified

WIDE, PHONE = 1280, 390
# A4 without the margins of style.css, at 96 pixels an inch.
PRINTED_WIDTH, PRINTED_HEIGHT = 695, 1009
RESULTS = "browser"
RUNS = "document.getElementById('run-table')"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A suite with one run missing and one task of an evil name, beside published numbers."""
    tasks = [SyntheticTask("p2e/Maze-v0"), SyntheticTask(EVIL, sparse=False)]
    suite = write_suite(tmp_path_factory.mktemp("results") / RESULTS, tasks, seeds=2)
    shutil.rmtree(suite.folder(0))
    folder = tmp_path_factory.mktemp("report")
    write_films(suite, folder / "films")
    _, published = publish(suite, folder, change=1e-9)
    verified(suite, folder, published)
    return folder


@pytest.fixture(scope="module")
def browser():
    browser = Chromium()
    yield browser
    browser.close()


@pytest.fixture
def page(browser, folder):
    """The page, just loaded; whatever a test does to it, the console stays empty."""
    browser.problems.clear()
    browser.prefer()
    browser.resize(WIDE)
    browser.open(folder / "index.html")
    yield browser
    assert browser.problems == []


def column(page, number):
    """The texts of one column of the table of runs, without the rows that are filtered away."""
    cells = (
        f"[...{RUNS}.tBodies[0].rows].filter((row) => !row.matches('.details, .filtered'))"
        f".map((row) => row.cells[{number}].textContent.trim())"
    )
    return page.evaluate(cells)


def tools(table):
    """The tools above a table, found by the id of its caption."""
    found = f"document.getElementById('{table}-caption').closest('.scroll')"
    return f"{found}.previousElementSibling"


def type_into_filter(page, table, words):
    """Type into the filter above a table."""
    field = f"{tools(table)}.querySelector('input')"
    page.evaluate(f"{field}.value = '{words}'")
    page.evaluate(f"{field}.dispatchEvent(new Event('input'))")


def copied(page, table, name):
    """What a table's button writes to the clipboard."""
    page.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    button = f"[...{tools(table)}.querySelectorAll('button')].find(b => b.textContent === '{name}')"
    page.evaluate(f"{button}.click()")
    return page.evaluate("new Promise((done) => setTimeout(() => done(window.copied)))")


def test_a_heading_sorts_up_and_down(page):
    heading = f"{RUNS}.tHead.rows[0].cells[5]"
    page.evaluate(f"{heading}.querySelector('button').click()")
    times = column(page, 5)
    # The missing run has no time and stands at the end.
    assert times == ["10 s"] * 3 + ["20 s"] * 4 + ["30 s"] * 4 + ["\N{EN DASH}"]
    assert page.evaluate(f"{heading}.getAttribute('aria-sort')") == "ascending"
    page.evaluate(f"{heading}.querySelector('button').click()")
    assert column(page, 5) == times[::-1]


def test_sorting_keeps_rows_in_their_group(page):
    table = "document.querySelector('table.results')"
    page.evaluate(f"{table}.tHead.rows[0].cells[1].querySelector('button').click()")
    groups = page.evaluate(
        f"[...{table}.tBodies].map((body) => [...body.rows].map((row) => row.cells[1] && "
        "row.cells[1].dataset.value || null))"
    )
    for group in groups:
        assert group[0] is None
        values = [float(value) for value in group[1:] if value]
        assert values == sorted(values) and len(values) == 3


def test_the_filter_narrows_and_says_how_far(page):
    type_into_filter(page, "runs", "maze plan2")
    assert column(page, 1) == ["Plan2Explore"] * 2
    assert page.evaluate(f"{tools('runs')}.querySelector('output').textContent") == "2 of 12"


def test_a_group_stays_when_its_name_is_searched_for(page):
    type_into_filter(page, "results", "maze")
    heights = (
        "[...document.querySelector('table.results').tBodies].map((body) => body.offsetHeight)"
    )
    shown, hidden = page.evaluate(heights)
    assert shown > 0 and hidden == 0


def test_a_run_opens_and_closes(page):
    details = f"{RUNS}.querySelectorAll('tr.details')[1]"
    button = f"{RUNS}.querySelectorAll('button.open')[1]"
    assert page.evaluate(f"{details}.offsetHeight") == 0
    page.evaluate(f"{button}.click()")
    assert page.evaluate(f"{details}.offsetHeight") > 100
    assert '"batch_size": 256' in page.evaluate(f"{details}.innerText")
    assert page.evaluate(f"{details}.querySelectorAll('.small-curves svg').length") > 4
    links = page.evaluate(
        f"[...{details}.querySelectorAll('a')].map((a) => a.getAttribute('href'))"
    )
    assert f"../../results/{RESULTS}/runs/task-0/sac/1/manifest.json" in links
    assert page.evaluate(f"{button}.getAttribute('aria-expanded')") == "true"
    page.evaluate(f"{button}.click()")
    assert page.evaluate(f"{details}.offsetHeight") == 0


def test_a_film_stands_still_until_it_is_pressed(page):
    film = "document.querySelector('details.film')"
    shown = f"{film}.querySelector(':scope > img').checkVisibility()"
    assert page.evaluate(f"{film}.querySelector('summary img').naturalWidth") == 240
    assert page.evaluate(shown) is False
    page.evaluate(f"{film}.querySelector('summary').click()")
    assert page.evaluate(shown) is True
    page.evaluate(f"{film}.querySelector('summary').click()")
    assert page.evaluate(shown) is False


def test_csv_holds_the_numbers_of_the_statistics(page, folder):
    numbers = json.loads((folder / "statistics.json").read_text(encoding="utf-8"))
    rows = list(csv.DictReader(io.StringIO(copied(page, "results", "Copy CSV"))))
    assert len(rows) == len(numbers["cells"]) == 6
    for row, cell in zip(rows, numbers["cells"], strict=True):
        assert float(row["Final return"]) == cell["final"]["estimate"]
        low = row["Final return, 95% interval, low"]
        assert low == ("" if cell["n"] < 2 else str(cell["final"]["low"]))
    assert {row["Task"] for row in rows} == {"Maze-v0", EVIL.rsplit("/", maxsplit=1)[-1]}


def test_every_table_can_be_copied_whole(page):
    captions = page.evaluate(
        "[...document.querySelectorAll('table[data-tools] caption')].map((caption) => caption.id)"
    )
    assert len(captions) >= 6
    for caption in captions:
        name = caption.removesuffix("-caption")
        lines = list(csv.reader(io.StringIO(copied(page, name, "Copy CSV"))))
        assert len(lines) > 2 and len({len(line) for line in lines}) == 1
        latex = copied(page, name, "Copy LaTeX").splitlines()
        columns = latex[1].removeprefix("\\begin{tabular}{").removesuffix("}")
        body = [line for line in latex if line.endswith("\\\\")]
        assert len(body) == len(lines)
        for line in body:
            assert line.replace("\\&", "").count("&") == len(columns) - 1


def test_a_verdict_on_a_published_number_is_copied_in_words(page, folder):
    numbers = json.loads((folder / "statistics.json").read_text(encoding="utf-8"))
    rows = list(csv.DictReader(io.StringIO(copied(page, "verification", "Copy CSV"))))
    assert [row["Verdict"] for row in rows] == [
        row["status"] for row in numbers["verification"]["rows"]
    ]
    assert {row["Verdict"] for row in rows} == {"differs", "equal"}


def test_only_what_the_filter_shows_is_copied(page):
    type_into_filter(page, "runs", "missing")
    lines = copied(page, "runs", "Copy CSV").splitlines()
    assert len(lines) == 2 and lines[1].startswith("p2e/Maze-v0,sac,0,missing")


@pytest.mark.parametrize("width", [WIDE, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_and_its_text_stands_out(page, width, scheme):
    page.resize(width)
    page.prefer(prefers_color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    ink, paper = (
        page.evaluate(f"getComputedStyle(document.body).{name}.match(/\\d+/g).map(Number)")
        for name in ("color", "backgroundColor")
    )
    assert contrast(ink, paper) >= 7
    assert (sum(paper) > 3 * 128) == (scheme == "light")


def test_no_table_needs_scrolling_on_a_wide_page(page):
    boxes = "[...document.querySelectorAll('.scroll')]"
    page.evaluate("document.querySelector('table.results th button').click()")
    hidden = page.evaluate(f"{boxes}.map((box) => box.scrollWidth - box.clientWidth)")
    assert len(hidden) > 5 and max(hidden) <= 1


def contrast(one, two):
    """The contrast ratio of the Web Content Accessibility Guidelines."""

    def luminance(colour):
        linear = [
            c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    darker, lighter = sorted([luminance(one), luminance(two)])
    return (lighter + 0.05) / (darker + 0.05)


def test_print_leaves_out_what_cannot_be_clicked(page):
    page.prefer("print")
    assert page.evaluate(f"{tools('runs')}.offsetHeight") == 0
    assert page.evaluate("document.querySelector('.contents').offsetHeight") == 0
    assert page.evaluate("document.querySelector('table.results').offsetHeight") > 0


def test_heads_of_tables_are_printed_on_each_page(page):
    page.prefer("print")
    shown = "getComputedStyle(document.querySelector('table.runs thead button.sort')).display"
    assert page.evaluate(shown) == "contents"  # Chromium repeats no head that holds a button's box


def test_what_tells_algorithms_apart_is_printed_and_every_picture_fits_a_page(page):
    page.prefer("print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    chip = "getComputedStyle(document.querySelector('.chip')).printColorAdjust"
    assert page.evaluate(chip) == "exact"
    page.resize(PRINTED_WIDTH)
    heights = page.evaluate(
        "[...document.querySelectorAll('figure svg')]"
        ".map((svg) => svg.getBoundingClientRect().height)"
    )
    assert len(heights) > 15 and 0 < max(heights) < PRINTED_HEIGHT
