"""Shortened SVGs draw the same: lines keep their points, ids stay unique, groups stay balanced."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from reporting.figures.drawing.short_svg import line_path, short_path, shortened
from reporting.figures.drawing.style import drawing, svg_text


def points_of(path):
    """The points of a path of the form M x y l dx dy dx dy, as absolute coordinates."""
    numbers = [float(text) for text in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", path)]
    return np.cumsum(np.reshape(numbers, (-1, 2)), axis=0)


def test_a_path_by_hand():
    assert short_path("M 10.04 20  L 11.24 19.5  L 11 20  z ") == "M10 20l1.2-.5-.2 .5z"
    assert short_path("M 0 0 L 0 3 M 5 5 L 6 5") == "M0 0l0 3M5 5l1 0"
    assert short_path("M 0 0.123456 C 1 2 3 4 5 6.789") == "M 0 0.12 C 1 2 3 4 5 6.78"


def test_level_steps_are_joined_and_turns_are_kept():
    assert line_path([(0, 40), (5, 40), (10, 40), (15, 30), (15, 20), (15, 35)]) == (
        "M0 40l10 0 5-10 0-10 0 15"
    )
    assert line_path([(3, 4)]) == "M3 4"
    assert line_path([(3, 4), (3, 4)]) == "M3 4l0 0"


@pytest.mark.parametrize("parts", [1, 10])
def test_rounding_does_not_add_up(parts):
    points = np.random.default_rng(0).normal(0, 100, (500, 2))
    drawn = points_of(line_path(points, parts))
    assert drawn.shape == points.shape
    np.testing.assert_allclose(drawn, points, atol=0.5 / parts + 1e-6)


def test_ids_differ_between_figures_and_are_those_referred_to():
    text = (
        '<g id="a"><clipPath id="p1"/></g><g id="b"><use href="#p1"/><g clip-path="url(#p1)"/></g>'
    )
    first, second = shortened(text, "one"), shortened(text, "two")
    (id_,) = re.findall(r' id="([^"]+)"', first)
    assert first == f'<clipPath id="{id_}"/><use href="#{id_}"/>'
    assert f'"{id_}"' not in second


def test_a_real_figure_stays_well_formed():
    with drawing(3, 2) as figure:
        axes = figure.subplots()
        axes.plot([0, 1, 2], [3, 1, 2], marker="o")
        axes.fill_between([0, 1, 2], [2, 0, 1], [4, 2, 3])
        text = svg_text(figure, "test", "A figure for a test.")
    root = ElementTree.fromstring(text)
    ids = {element.get("id") for element in root.iter()} - {None}
    referred = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', text))
    assert ids == referred and len(ids) > 2
