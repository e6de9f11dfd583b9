"""A suite as large as core, eleven tasks and four algorithms, is still read in one sitting."""

import json
import re

import pytest
import yaml

from publishing.build_site import with_way_back
from tests.helpers.films.synthetic_films import write_films
from tests.helpers.pages.browser import chromium, opened_pages
from tests.helpers.paths import ROOT
from tests.workflow.scripts.reporting.page.test_html_page import build
from tests.workflow.scripts.reporting.page.test_synthetic_suite import SyntheticTask, write_suite

WIDE, PHONE, HEIGHT = 1280, 390, 720
MOST_PIXELS, MOST_PRINTED = 6000, 8
DENSE = ("HalfCheetah-v5", "Hopper-v5")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The report of a suite with the tasks, algorithms, question and limits of params.yaml. The
    figures of what was logged are on the other page, and take long to draw."""
    core = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    variants: dict[str, dict[str, object]] = {name: {} for name in core["variants"]}
    levels = tuple((name, 0.2) for name in variants)
    tasks = [
        SyntheticTask(task["environment"], task["environment"] not in DENSE, variant_levels=levels)
        for task in core["tasks"]
    ]
    results = tmp_path_factory.mktemp("long") / "core"
    suite = write_suite(
        results, tasks, seeds=5, evaluations=9, algorithms=core["algorithms"], variants=variants
    )
    assert (len(suite.tasks), len(suite.suite["algorithms"])) == (11, 4)
    suite.suite.update({key: core[key] for key in ("question", "limits")})
    suite.config.write_text(json.dumps(suite.suite), encoding="utf-8")
    folder = tmp_path_factory.mktemp("report")
    write_films(suite, folder / "films")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reporting.figures.figure_set.internals_plots", lambda *_: ())
        html = build(suite, folder)
    (folder / "index.html").write_text(with_way_back(html), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def open_report(folder):
    with chromium() as browser, opened_pages(browser, folder, (WIDE, HEIGHT)) as open_page:
        yield open_page


def test_the_answer_is_not_long(open_report):
    page = open_report()
    assert page.locator("#learning .panel").count() == 11
    assert page.locator(".films figure").count() == 44
    assert page.evaluate("document.documentElement.scrollHeight") <= MOST_PIXELS


def test_every_task_has_its_picture_on_the_first_screen(open_report):
    tiles = open_report().locator(".tiles")
    assert tiles.evaluate("list => list.scrollWidth - list.clientWidth") <= 0
    assert tiles.evaluate("list => list.getBoundingClientRect().bottom") <= HEIGHT


def test_a_phone_does_not_scroll_sideways(open_report):
    page = open_report(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE


def test_it_prints_on_few_pages(open_report):
    printed = open_report().pdf(format="A4", prefer_css_page_size=True)
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= MOST_PRINTED
