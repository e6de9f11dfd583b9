"""What a page asks of people: axe finds nothing, fingers reach all, tables say that they scroll."""

import json
import shutil
from dataclasses import replace

import pandas as pd
import pytest

from publishing.build_site import build_suite
from reporting.figures.figure_set import write_figures
from runs.files import ANSWER_PAGE, DETAILS_PAGE
from tests.helpers.films.synthetic_films import write_films
from tests.helpers.pages.axe import fetch_axe, violations
from tests.helpers.pages.browser import new_page
from tests.workflow.scripts.publishing.test_published_store import (
    PUBLISHED,
    SUITES,
    digest_of_runs,
    files_of,
    stored,
)
from tests.workflow.scripts.reporting.page.test_html_page import build
from tests.workflow.scripts.reporting.page.test_synthetic_suite import SyntheticTask, write_suite

CORE = PUBLISHED / "core"
OTHERS = [suite for suite in SUITES if suite != CORE]
WIDTHS = (1280, 390)
WIDEST_NAME = """Math.max(0, ...[...document.querySelectorAll(".scroll tbody th[scope=row]")]
  .map(cell => cell.offsetWidth))"""
# WCAG 2.2, 2.5.8: the least size of a target, in pixels.
TARGET = 24
TARGETS = "button, td a, th a, .figure-files a, .tools input, .contents a"


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    return fetch_axe(tmp_path_factory.mktemp("axe"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    tasks = [SyntheticTask("p2e/Maze-v0"), SyntheticTask("B-v0", sparse=False)]
    suite = write_suite(tmp_path_factory.mktemp("results") / "reach", tasks, seeds=2)
    shutil.rmtree(suite.folder(0))
    folder = tmp_path_factory.mktemp("report")
    write_films(suite, folder / "films")
    build(suite, folder)
    return folder


@pytest.fixture(scope="module")
def core(tmp_path_factory):
    """The first page of the published core suite; the second is beside it."""
    return build_suite(pulled(CORE, tmp_path_factory), tmp_path_factory.mktemp("site") / "core")


def pulled(suite, tmp_path_factory):
    """A published suite with its runs, taken out of the store as `dvc pull` does."""
    published = tmp_path_factory.mktemp("published") / suite.name
    runs = published / "runs"
    for path, digest in files_of(digest_of_runs(suite)).items():
        (runs / path).parent.mkdir(parents=True, exist_ok=True)
        (runs / path).write_bytes(stored(digest))
    shutil.copy(suite / "suite.json", published)
    return published


def write_figures_of_first_task(statistics, summary, folder):
    """Every kind of figure once: those of the other tasks differ from them in their numbers alone,
    and take most of the time."""
    suite = summary.suite | {"tasks": summary.suite["tasks"][:1]}
    return write_figures(statistics, replace(summary, suite=suite), folder)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_axe_finds_nothing(browser, axe, folder, width, scheme):
    page = new_page(browser, width, 900, color_scheme=scheme)
    for name in (ANSWER_PAGE, DETAILS_PAGE):
        page.goto((folder / name).as_uri())
        assert violations(page, axe) == []
        page.locator(".chart").first.focus()  # with the values beside the pointer
        for button in page.locator("button.open").all()[:2]:
            button.click()
        # Where the bar of the curves sticks, it lies over whatever is scrolled under it.
        page.evaluate("scrollTo(0, 0)")
        assert violations(page, axe) == []
    page.close()


def test_axe_notices_what_is_wrong(browser, axe, tmp_path):
    (tmp_path / "page.html").write_text("<!doctype html><img src='data:,'><button></button>")
    page = new_page(browser, 1280, 900)
    page.goto((tmp_path / "page.html").as_uri())
    assert {"image-alt", "button-name"} <= {rule for rule, _ in violations(page, axe)}
    page.close()


def test_the_published_core_pages_are_small_and_axe_finds_nothing(browser, axe, core):
    page, phone = (new_page(browser, width, 900) for width in WIDTHS)
    for name in (ANSWER_PAGE, DETAILS_PAGE):
        file = core.with_name(name)
        assert file.stat().st_size < 3e6
        page.goto(file.as_uri())
        assert violations(page, axe) == []
        phone.goto(file.as_uri())
        assert phone.evaluate("document.documentElement.scrollWidth") == WIDTHS[1]
    for opened in (page, phone):
        opened.close()


@pytest.mark.parametrize("suite", OTHERS, ids=lambda suite: suite.name)
def test_axe_finds_nothing_on_the_pages_of_any_published_suite(
    browser, axe, suite, tmp_path_factory, monkeypatch
):
    monkeypatch.setattr("publishing.build_site.write_figures", write_figures_of_first_task)
    first = build_suite(
        pulled(suite, tmp_path_factory), tmp_path_factory.mktemp("site") / suite.name
    )
    for width, scheme in ((1280, "light"), (390, "dark")):
        page = new_page(browser, width, 900, color_scheme=scheme)
        for name in (ANSWER_PAGE, DETAILS_PAGE):
            page.goto(first.with_name(name).as_uri())
            assert violations(page, axe) == []
            assert page.evaluate("document.documentElement.scrollWidth") == width
            # Beside the cells that stay at the left there is room for the others.
            assert page.evaluate(WIDEST_NAME) <= 0.62 * width
        page.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_finger_hits_every_button_and_link_of_tables_and_figures(browser, folder, width):
    page = new_page(browser, width, 900)
    shown = []
    for name in (ANSWER_PAGE, DETAILS_PAGE):
        page.goto((folder / name).as_uri())
        for button in page.locator("button.open").all()[:2]:
            button.click()
        sizes = page.locator(TARGETS).evaluate_all(
            """targets => targets.map(target => {
              const { width, height } = target.getBoundingClientRect();
              return [Math.min(width, height), target.outerHTML];
            })"""
        )
        shown += [(size, words) for size, words in sizes if size > 0]
    assert len(shown) > 50
    assert [words for size, words in shown if size < TARGET] == []
    page.close()


def test_a_table_that_scrolls_sideways_says_so(browser, folder):
    for width in WIDTHS:
        page = new_page(browser, width, 900)
        page.goto((folder / DETAILS_PAGE).as_uri())
        page.wait_for_timeout(200)  # the sizes are looked at after the first layout
        for box in page.locator(".scroll").all():
            wider = box.evaluate("box => box.scrollWidth > box.clientWidth + 1")
            hint = box.locator("caption .held").evaluate(
                "words => getComputedStyle(words, '::after').content"
            )
            assert ("Scroll sideways" in hint) == wider
        assert (page.locator(".scroll.sideways").count() > 3) == (width == 390)
        page.close()


def test_every_figure_has_its_data_and_its_drawing_beside_the_page(browser, folder):
    page = new_page(browser, 1280, 900)
    links = []
    for file in (ANSWER_PAGE, DETAILS_PAGE):
        page.goto((folder / file).as_uri())
        links += page.locator(".figure-files a").evaluate_all(
            "links => links.map(link => link.getAttribute('href'))"
        )
    page.close()
    drawn = json.loads((folder / "figures" / "figures.json").read_text(encoding="utf-8"))
    names = {plot["file"].removesuffix(".svg") for plot in drawn}
    assert sorted(links) == sorted(
        f"figures/{name}.{end}" for name in names for end in ("csv", "svg")
    )
    assert {plot["kind"] for plot in drawn} >= {"learning", "internals", "coverage-map", "cost"}
    for link in links:
        assert (folder / link).stat().st_size > 50
        if link.endswith(".csv"):
            assert len(pd.read_csv(folder / link)) > 0, link
