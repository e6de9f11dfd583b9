"""The figure of differences."""

from reporting.figures.drawing.style import HOLLOW, css_colour, drawing, svg_text
from tests.helpers.paths import ROOT


def test_a_hollow_marker_is_dark_on_a_dark_page() -> None:
    with drawing(2, 2) as figure:
        figure.subplots().plot([0], [0], "o", markerfacecolor=HOLLOW)
        assert css_colour(HOLLOW) in svg_text(figure, "hollow", "a marker")
    style = (ROOT / "workflow/report/styles/style.css").read_text(encoding="utf-8")
    assert f"--colour-{HOLLOW[1:]}: #4" in style
