"""How the figures look: colours, type, and vector files that suit light and dark pages."""

import io
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import Any, cast

import matplotlib as mpl
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, ScalarFormatter

from reporting.figures.drawing.short_svg import shortened
from reporting.text import power_of_ten

# Okabe and Ito's colours for the algorithms, and further ones for variants and others, in the
# suite's order. All can be told apart with any colour vision, and from the text; each has a
# contrast of at least 3 with the page. On a dark page style.css replaces each by a lighter one.
PALETTE = {"sac": "#0072B2", "mbpo": "#009E73", "plan2explore": "#D55E00"}
OTHER_COLOURS = ("#8E1684", "#4D3912", "#7F7B95", "#20209D", "#957840", "#464E40")
MARKERS = {"sac": "o", "mbpo": "s", "plan2explore": "D"}
OTHER_MARKERS = ("^", "v", "P", "X", "p", "*")
# Stands for the page's text colour while drawing, and is replaced by currentColor in the file.
INK = "#010203"
# Inside of hollow markers: opaque, so that the line behind does not show through. On a dark page
# style.css replaces it by a darker one.
HOLLOW = "#d4d4d4"
QUIET = 0.62
POINTS_AN_INCH = 72
FONT = "ui-sans-serif, system-ui, -apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif"

STYLE: dict[str, Any] = {
    **sns.axes_style("ticks"),
    "svg.hashsalt": "plan2explore benchmark",
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": INK,
    "grid.alpha": 0.13,
    "grid.linewidth": 0.6,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "axes.formatter.use_mathtext": False,
    "figure.constrained_layout.use": True,
}


@dataclass(frozen=True)
class Plot:
    """One figure: its file's name, what it belongs to, a description for screen readers, and the
    finding that is its title.

    shows: the metrics or the quantity in it, where figures of its kind show different ones.
    """

    file: str
    kind: str
    environment: str | None
    description: str
    shows: tuple[str, ...] = ()
    title: str = ""

    @property
    def data_file(self) -> str:
        """The table of what is drawn, beside the figure."""
        return self.file.removesuffix(".svg") + ".csv"


def colour(algorithm: str, algorithms: list[str]) -> str:
    """The algorithm's colour, the same in every figure."""
    return _one_of(PALETTE, OTHER_COLOURS, algorithm, algorithms)


def marker(algorithm: str, algorithms: list[str]) -> str:
    """The algorithm's marker, a second cue beside the colour."""
    return _one_of(MARKERS, OTHER_MARKERS, algorithm, algorithms)


def css_colour(shade: str) -> str:
    """The colour as a CSS variable that a style sheet may set on a dark page, else `shade`."""
    return f"var(--colour-{shade[1:].lower()}, {shade.lower()})"


def _one_of(
    known: dict[str, str], others: tuple[str, ...], algorithm: str, algorithms: list[str]
) -> str:
    if algorithm in known:
        return known[algorithm]
    unknown = [name for name in algorithms if name not in known]
    return others[unknown.index(algorithm) % len(others)]


@contextmanager
def drawing(width: float, height: float) -> Iterator[Figure]:
    """An empty figure (inches) in the report's style."""
    with mpl.rc_context(cast(Any, STYLE)):
        yield Figure(figsize=(width, height))


class NumberFormatter(ScalarFormatter):
    """Numbers beside the ticks of an axis, with separators and without a common factor."""

    def __init__(self) -> None:
        super().__init__(useOffset=False)
        self.set_scientific(False)

    def __call__(self, value: float, position: int | None = None) -> str:
        """The same decimals for all ticks, as in 1,000.0."""
        written = super().__call__(value, position)
        return re.sub(r"(?<![\d.])\d{4,}", lambda found: f"{int(found[0]):,}", written)


def decades() -> FuncFormatter:
    """The numbers beside the ticks of a logarithmic axis: 1,000, 0.1, 0.001, 10⁻⁴."""

    def written(value: float, _: object = None) -> str:
        exponent = round(math.log10(value))
        return f"{value:,g}" if -4 < exponent < 4 else power_of_ten(exponent)

    return FuncFormatter(written)


def rows_legend(axes: Axes, columns: int = 4) -> None:
    """A legend above the axes, in one row if the names are short."""
    figure = cast(Figure, axes.get_figure(root=True))
    handles, labels = axes.get_legend_handles_labels()
    columns = legend_columns(labels, figure.get_figwidth(), columns)
    spacing = {"handlelength": 1.2, "columnspacing": 1.1, "borderaxespad": 0.1}
    if len(figure.axes) > 1:  # attached to one of several axes, it would shrink it
        figure.legend(handles, labels, loc="outside upper left", ncols=columns, **spacing)
    else:
        axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=columns, **spacing)


def legend_columns(labels: Sequence[str], width: float, most: int) -> int:
    """How many of these labels fit side by side into a figure of `width` inches."""
    longest = max(map(len, labels), default=0)
    return max(1, min(most, int(width * POINTS_AN_INCH / (25 + 4.8 * longest))))


def svg_text(figure: Figure, name: str, description: str) -> str:
    """The figure as SVG that scales with its container and takes the page's text colour.

    Ids depend on `name`, so that several figures can share one page. Metadata is dropped, because
    it would hold a date.
    """
    # Laid out once here, because saving would repeat the layout in each of its passes.
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine("none")
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(INK, "currentColor", text, flags=re.IGNORECASE)
    for shade in (*PALETTE.values(), *OTHER_COLOURS, HOLLOW):
        text = text.replace(f": {shade.lower()}", f": {css_colour(shade)}")
    text = re.sub(r" font-family: [^;\"]*;", "", text)
    return _sized_by_container(shortened(text, name), description)


def _sized_by_container(text: str, description: str) -> str:
    opening = text[: text.index(">") + 1]
    view = re.search(r'viewBox="([^"]+)"', opening)
    box = view.group(1) if view else "0 0 360 240"
    root = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{box}" role="img" aria-label="{escape(description, quote=True)}" '
        f'style="stroke-linejoin: round; font-family: {FONT}">'
    )
    return root + text[len(opening) :]
