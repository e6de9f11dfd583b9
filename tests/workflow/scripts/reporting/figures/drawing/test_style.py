"""The numbers beside the ticks of an axis."""

import re
from collections.abc import Callable

import pytest
from matplotlib.axes import Axes

from reporting.figures.drawing.style import NumberFormatter, decades, drawing, svg_text
from reporting.text import MINUS


def labels(draw: Callable[[Axes], None]) -> list[str]:
    """The texts of a figure with one pair of axes."""
    with drawing(4, 3) as figure:
        axes = figure.subplots()
        axes.set_xticks([])
        draw(axes)
        return re.findall(r">([^<]+)</text>", svg_text(figure, "test", "a test"))


def test_decades_are_powers_of_ten_where_zeros_would_have_to_be_counted():
    def draw(axes):
        axes.plot([0, 1], [1e-7, 1.0])
        axes.set_yscale("log")
        axes.set_yticks([1e-7, 1e-5, 1e-3, 0.1, 1.0, 1e3, 1e5], minor=False)
        axes.yaxis.set_major_formatter(decades())
        axes.minorticks_off()

    assert labels(draw) == ["10⁻⁷", "10⁻⁵", "0.001", "0.1", "1", "1,000", "10⁵"]


@pytest.mark.parametrize(
    ("ticks", "written"),
    [
        ([-2000, 0, 1000], [f"{MINUS}2,000", "0", "1,000"]),
        ([1000000, 2500000], ["1,000,000", "2,500,000"]),
        ([1000.25, 1000.5], ["1,000.25", "1,000.50"]),
        ([0.0125, 0.015], ["0.0125", "0.0150"]),
        ([2e-7, 4e-7], ["0.0000002", "0.0000004"]),
    ],
)
def test_all_ticks_have_separators_and_no_common_factor(ticks, written):
    def draw(axes):
        axes.set_ylim(min(ticks), max(ticks))
        axes.set_yticks(ticks)
        axes.yaxis.set_major_formatter(NumberFormatter())

    assert labels(draw) == written
