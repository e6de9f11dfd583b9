"""The page in a real browser: no errors; tables sort, filter and copy; runs can be opened."""

import csv
import io
import json
import re
import shutil

import pytest
from playwright.sync_api import expect

from tests.helpers.films.synthetic_films import write_films
from tests.helpers.pages.browser import (
    PATIENCE,
    contrast,
    height,
    new_page,
    opened_pages,
    problems_of,
)
from tests.workflow.scripts.reporting.page.test_html_page import EVIL
from tests.workflow.scripts.reporting.page.test_synthetic_suite import SyntheticTask, write_suite
from tests.workflow.scripts.reporting.verification.test_verification_section import (
    publish,
    verified,
)

WIDE, PHONE, HEIGHT = 1280, 390, 900
# A4 without the margins of style.css, at 96 pixels an inch.
PRINTED_WIDTH, PRINTED_HEIGHT = 695, 1009
RESULTS = "browser"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A suite with a missing run, a task with a malicious name, and published numbers."""
    tasks = [SyntheticTask("p2e/Maze-v0"), SyntheticTask(EVIL, sparse=False)]
    suite = write_suite(tmp_path_factory.mktemp("results") / RESULTS, tasks, seeds=2)
    shutil.rmtree(suite.folder(0))
    folder = tmp_path_factory.mktemp("report")
    write_films(suite, folder / "films")
    _, published = publish(suite, folder, change=1e-9)
    verified(suite, folder, published)
    return folder


@pytest.fixture
def open_report(browser, folder):
    """`open_report(width, color_scheme="dark")`: the page in a new window, just loaded."""
    with opened_pages(browser, folder, (WIDE, HEIGHT)) as open_page:
        yield open_page


@pytest.fixture
def page(open_report):
    """The answer in a wide window."""
    return open_report()


@pytest.fixture
def details(open_report):
    """The page behind the answer in a wide window."""
    return open_report(name="details.html")


def column(page, number):
    """The texts of one column of the table of runs, without filtered rows."""
    rows = page.locator("#run-table > tbody > tr:not(.details, .filtered)")
    return [
        text.strip() for text in rows.locator(f"> :nth-child({number + 1})").all_text_contents()
    ]


def tools(page, table):
    """The tools above a table, found by the id of its caption."""
    return page.locator(f".tools:has(+ .scroll #{table}-caption)")


def type_into_filter(page, table, words):
    """Type into the filter above a table."""
    tools(page, table).locator("input").fill(words)


def copied(page, table, name):
    """What a table's button writes to the clipboard."""
    page.evaluate("navigator.clipboard.writeText('')")
    tools(page, table).get_by_role("button", name=name, exact=True).click()
    return page.wait_for_function("() => navigator.clipboard.readText()").json_value()


def test_what_goes_wrong_in_a_page_is_noticed(browser, tmp_path):
    page = new_page(browser, WIDE, HEIGHT)
    problems = problems_of(page)
    file = tmp_path / "page.html"
    for wrong in (
        "<script>console.log('said')</script>",
        "<script>throw new Error('thrown')</script>",
        "<img src='missing.png'>",
        "<img src='http://127.0.0.1:9/'>",
    ):
        problems.clear()
        file.write_text(f"<!doctype html>{wrong}", encoding="utf-8")
        page.goto(file.as_uri())
        assert problems, wrong
    page.close()


def test_a_heading_sorts_up_and_down(details):
    page = details
    heading = page.locator("#run-table > thead > tr:first-child > :nth-child(6)")
    heading.locator("button").click()
    times = column(page, 5)
    # The missing run has no time and stands at the end.
    assert times == ["10 s"] * 3 + ["20 s"] * 4 + ["30 s"] * 4 + ["\N{EN DASH}"]
    assert heading.get_attribute("aria-sort") == "ascending"
    heading.locator("button").click()
    assert column(page, 5) == times[::-1]


def test_sorting_keeps_rows_in_their_group(page):
    table = page.locator("table.results").first
    table.locator("thead th:nth-child(4) button").click()
    for group in table.locator("> tbody").all():
        heading, *rows = group.locator("> tr").all()
        assert heading.locator("> :nth-child(2)").count() == 0
        cells = [row.locator("> :nth-child(4)").get_attribute("data-value") for row in rows]
        values = [float(value) for value in cells if value]
        assert values == sorted(values) and len(values) == 3


def test_the_filter_narrows_and_says_how_far(details):
    page = details
    type_into_filter(page, "runs", "maze plan2")
    assert column(page, 1) == ["Plan2Explore"] * 2
    assert tools(page, "runs").locator("output").text_content() == "2 of 12"


def test_a_group_stays_when_its_name_is_searched_for(page):
    type_into_filter(page, "results", "maze")
    groups = page.locator("table.results").first.locator("> tbody")
    shown, hidden = (height(group) for group in groups.all())
    assert shown > 0 and hidden == 0


def test_a_run_opens_and_closes(details):
    page = details
    opened = page.locator("#run-table tr.details").nth(1)
    button = page.locator("#run-table button.open").nth(1)
    assert height(opened) == 0
    button.click()
    assert height(opened) > 100
    assert '"batch_size": 256' in opened.inner_text()
    assert opened.locator(".small-curves svg").count() > 4
    links = [link.get_attribute("href") for link in opened.locator("a").all()]
    assert f"../../results/{RESULTS}/runs/task-0/sac/1/manifest.json" in links
    assert button.get_attribute("aria-expanded") == "true"
    button.click()
    assert height(opened) == 0


def test_a_film_stands_still_until_it_is_pressed(page):
    film = page.locator("details.film").first
    still, moving = film.locator("summary img"), film.locator("> img")
    assert still.evaluate("image => image.naturalWidth") == 240
    assert not moving.is_visible()
    film.locator("summary").click()
    expect(moving).to_be_visible(timeout=PATIENCE)
    film.locator("summary").click()
    assert not moving.is_visible()


def test_csv_holds_the_numbers_of_the_statistics(page, folder):
    numbers = json.loads((folder / "statistics.json").read_text(encoding="utf-8"))
    rows = list(csv.DictReader(io.StringIO(copied(page, "results", "Copy CSV"))))
    assert len(rows) == len(numbers["cells"]) == 6
    for row, cell in zip(rows, numbers["cells"], strict=True):
        assert float(row["Final return"]) == cell["final"]["estimate"]
        low = row["Final return, 95% interval, low"]
        assert low == ("" if cell["n"] < 2 else str(cell["final"]["low"]))
    assert {row["Task"] for row in rows} == {"Maze-v0", EVIL.rsplit("/", maxsplit=1)[-1]}


@pytest.mark.parametrize(("name", "least"), [("index.html", 1), ("details.html", 6)])
def test_every_table_can_be_copied_whole(open_report, name, least):
    page = open_report(name=name)
    captions = page.locator("table[data-tools] caption").all()
    assert len(captions) >= least
    for caption in captions:
        name = caption.get_attribute("id").removesuffix("-caption")
        lines = list(csv.reader(io.StringIO(copied(page, name, "Copy CSV"))))
        assert len(lines) > 2 and len({len(line) for line in lines}) == 1
        latex = copied(page, name, "Copy LaTeX").splitlines()
        columns = latex[1].removeprefix("\\begin{tabular}{").removesuffix("}")
        body = [line for line in latex if line.endswith("\\\\")]
        assert len(body) == len(lines)
        for line in body:
            assert line.replace("\\&", "").count("&") == len(columns) - 1


def test_a_verdict_on_a_published_number_is_copied_in_words(details, folder):
    page = details
    numbers = json.loads((folder / "statistics.json").read_text(encoding="utf-8"))
    rows = list(csv.DictReader(io.StringIO(copied(page, "verification", "Copy CSV"))))
    assert [row["Verdict"] for row in rows] == [
        row["status"] for row in numbers["verification"]["rows"]
    ]
    assert {row["Verdict"] for row in rows} == {"differs", "equal"}


def test_only_what_the_filter_shows_is_copied(details):
    page = details
    type_into_filter(page, "runs", "missing")
    lines = copied(page, "runs", "Copy CSV").splitlines()
    assert len(lines) == 2 and lines[1].startswith("p2e/Maze-v0,sac,0,missing")


@pytest.mark.parametrize("name", ["index.html", "details.html"])
@pytest.mark.parametrize("width", [WIDE, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_and_its_text_stands_out(open_report, width, scheme, name):
    page = open_report(width, name, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    ink, paper = (
        page.evaluate(f"getComputedStyle(document.body).{name}.match(/\\d+/g).map(Number)")
        for name in ("color", "backgroundColor")
    )
    assert contrast(ink, paper) >= 7
    assert (sum(paper) > 3 * 128) == (scheme == "light")


@pytest.mark.parametrize(("name", "tables"), [("index.html", 1), ("details.html", 6)])
def test_no_table_needs_scrolling_on_a_wide_page(open_report, name, tables):
    page = open_report(name=name)
    page.locator("table th button").first.click()
    hidden = page.locator(".scroll").evaluate_all(
        "boxes => boxes.map(box => box.scrollWidth - box.clientWidth)"
    )
    assert len(hidden) >= tables and max(hidden) <= 1


@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_the_first_screen_answers(open_report, width):
    page = open_report(width)
    bottom = {
        name: page.locator(name).first.evaluate("one => one.getBoundingClientRect().bottom")
        for name in ("h1", ".lead", ".tiles", ".links")
    }
    assert bottom["h1"] < bottom[".lead"] < 720
    assert width == PHONE or bottom[".tiles"] < bottom[".links"] < 720


@pytest.mark.parametrize("name", ["index.html", "details.html"])
def test_what_can_be_pressed_is_large_enough(open_report, name):
    page = open_report(name=name)
    small = page.locator("button, summary, input, nav a, .sources a, .files a").evaluate_all(
        """all => all.map(one => [one.textContent, one.getBoundingClientRect()])
            .filter(([, box]) => box.width && (box.width < 24 || box.height < 24))
            .map(([text]) => text)"""
    )
    assert small == []


def test_a_long_table_is_passed_over_with_the_keyboard(details):
    skip = details.locator("a.skip.pass").last
    skip.focus()
    assert skip.evaluate("link => link.getBoundingClientRect().left") >= 0
    skip.press("Enter")
    target = skip.get_attribute("href").removeprefix("#")
    assert details.evaluate("document.activeElement.id") == target


def test_runs_open_without_a_box_of_their_own(details):
    box = details.locator(".scroll:has(#run-table)")
    for button in details.locator("#run-table button.open").all()[:3]:
        button.click()
    assert box.evaluate("box => box.scrollHeight - box.clientHeight") <= 1


def test_the_answer_prints_on_few_pages(page):
    printed = page.pdf(format="A4", prefer_css_page_size=True)
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 8


def test_print_leaves_out_what_cannot_be_clicked(details):
    page = details
    page.emulate_media(media="print")
    assert height(tools(page, "runs")) == 0
    assert height(page.locator(".contents").first) == 0
    assert height(page.locator("table.scores").first) > 0


def test_heads_of_tables_are_printed_on_each_page(details):
    page = details
    page.emulate_media(media="print")
    button = page.locator("table.runs thead button.sort").first
    # Chromium does not repeat a table head that contains a button.
    assert button.evaluate("button => getComputedStyle(button).display") == "contents"


def test_what_tells_algorithms_apart_is_printed_and_every_picture_fits_a_page(page):
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    chip = page.locator(".chip").first
    assert chip.evaluate("chip => getComputedStyle(chip).printColorAdjust") == "exact"
    page.set_viewport_size({"width": PRINTED_WIDTH, "height": HEIGHT})
    heights = page.locator("figure svg").evaluate_all(
        "pictures => pictures.map(picture => picture.getBoundingClientRect().height)"
    )
    assert len(heights) > 5 and 0 < max(heights) < PRINTED_HEIGHT
