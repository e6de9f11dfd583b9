"""What the templates do with sentences and cells."""

import json
import tomllib

import pytest

from reporting.inference.intervals import Interval
from reporting.templates import TEMPLATES, template_environment, unbroken
from tests.helpers.paths import ROOT

SUITES = sorted((ROOT / "published").glob("*/suite.json"))


def test_lines_do_not_break_before_a_number_or_within_a_compound():
    shown = unbroken("Plan2Explore 261 beats zero-shot (+0.62, p < 0.001, n = 5) & more")
    assert shown == (
        'Plan2Explore\N{NO-BREAK SPACE}261 beats <span class="nowrap">zero-shot</span> '
        "(+0.62, p\N{NO-BREAK SPACE}&lt;\N{NO-BREAK SPACE}0.001, "
        "n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}5) &amp; more"
    )


@pytest.mark.parametrize("width", [0.0, 1.0])
def test_an_interval_of_seeds_without_width_is_said_in_words(width):
    environment = template_environment()
    environment.filters["on_strip"] = lambda interval: None  # of another macro in that file
    template = (
        '{% from "macros.html.jinja" import cells_of_seeds with context %}{{ cells_of_seeds(it) }}'
    )
    shown = environment.from_string(template).render(it=Interval(2.0, 2.0, 2.0 + width, 5))
    assert ("on every seed" in shown) == (width == 0.0)
    assert ("2.00 to 3.00" in shown) == (width == 1.0)
    assert f'data-low="2.0" data-high="{2.0 + width}"' in shown


@pytest.mark.parametrize("suite", SUITES, ids=lambda path: path.parent.name)
def test_what_a_published_suite_compares_is_explained_in_a_line(suite):
    known = tomllib.loads((TEMPLATES / "algorithms.toml").read_text(encoding="utf-8"))
    assert set(json.loads(suite.read_text(encoding="utf-8"))["algorithms"]) <= known.keys()
    assert all(len(one["words"]) < 100 for one in known.values())
