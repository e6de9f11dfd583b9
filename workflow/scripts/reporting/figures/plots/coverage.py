"""Maps of the states visited in training, side by side."""

import re
from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes

from reporting.figures.drawing.style import Plot, colour, css_colour, drawing, svg_text
from reporting.inference.intervals import FloatArray
from reporting.per_task.scores import coverage_of
from reporting.statistics.analysis import Statistics
from reporting.tables.summary import Summary
from reporting.text import broken, display_name, number, short_name, slug

FAINTEST = 0.16
MOST_BESIDE = 3  # maps per row, so that they stay large enough on a phone
WIDTH, HEIGHT = 1.4, 1.85  # of a map, in inches
WIDTH_OF_FOUR = 1.05  # a fourth map makes them smaller rather than stand alone


def mean_visits(summary: Summary, environment: str, algorithm: str) -> FloatArray | None:
    """Visits per bin (bins, bins) at the last evaluation, averaged over all seeds."""
    records = coverage_of(summary, environment, algorithm)
    if not records:
        return None
    return np.asarray(np.concatenate([record.counts[-1] for record in records]).mean(axis=0))


def coverage_maps(
    statistics: Statistics, summary: Summary, environment: str
) -> tuple[Plot, str] | None:
    """The maps of one task, on one common scale; None where no run recorded its coverage."""
    facts, name = statistics.facts[environment], f"coverage-map-{slug(environment)}"
    labels, low, high = facts.projection_labels, facts.projection_low, facts.projection_high
    if labels is None or low is None or high is None:
        return None
    maps = {
        algorithm: visits
        for algorithm in statistics.algorithms
        if (visits := mean_visits(summary, environment, algorithm)) is not None
    }
    if not maps:
        return None
    most = max(float(visits.max()) for visits in maps.values())
    shares = [f"{display_name(a)} {float((v > 0).mean()):.1%}" for a, v in maps.items()]
    description = (
        f"States visited on {facts.name}, {labels[0]} across and "
        f"{labels[1]} up. Share of bins that any seed visited: "
        f"{', '.join(shares)}. The darkest bin holds {number(most)} visits a seed."
    )
    columns, width = min(len(maps), MOST_BESIDE), WIDTH
    if len(maps) == MOST_BESIDE + 1:
        columns, width = len(maps), WIDTH_OF_FOUR
    rows = -(-len(maps) // columns)
    with drawing(width * columns + 0.4, HEIGHT * rows) as figure:
        grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
        for axes in grid.flat[len(maps) :]:
            axes.set_visible(False)
        for axes, (algorithm, visits) in zip(grid.flat, maps.items(), strict=False):
            extent = (low[0], high[0], low[1], high[1])
            axes.imshow(
                opacity(visits, most),
                origin="lower",
                extent=extent,
                aspect="auto",
                interpolation="none",
            )
            _frame(axes, broken(short_name(algorithm)))
        for axes in grid[:, 0]:
            axes.set_ylabel(labels[1])
        figure.supxlabel(labels[0], size=9)
        shades = [colour(algorithm, list(statistics.algorithms)) for algorithm in maps]
        text = with_page_colours(svg_text(figure, name, description), name, shades)
    return Plot(f"{name}.svg", "coverage-map", environment, description), text


def opacity(visits: FloatArray, most: float) -> FloatArray:
    """A white image (bins, bins, 4), first bin axis horizontal: opacity grows with log visits.

    Bins that were never visited are transparent, so that the page's background shows.
    """
    strength = np.log1p(visits.T) / np.log1p(max(most, 1.0))
    image = np.ones((*visits.T.shape, 4))
    image[..., 3] = np.where(visits.T > 0, FAINTEST + (1 - FAINTEST) * strength, 0.0)
    return np.clip(image, 0.0, 1.0)


def with_page_colours(text: str, name: str, shades: Iterable[str]) -> str:
    """The SVG with each image as the mask of a coloured area: unlike the colours of an image, that
    of an area may be another on a dark page."""
    waiting = iter(shades)
    places = iter(range(text.count("<image ")))

    def masked(image: re.Match[str]) -> str:
        place = re.search(r' width="\d+" height="\d+" transform="[^"]*"', image[0])
        assert place is not None  # matplotlib writes these of every image
        mask, where = f"{name}-{next(places)}", place[0]
        pixels = image[0].replace(where[where.index(" transform") :], "")
        fill = f'style="fill:{css_colour(next(waiting))}"'
        return f'<mask id="{mask}">{pixels}</mask><rect{where} {fill} mask="url(#{mask})"/>'

    return re.sub(r"<image [^>]*/>", masked, text)


def _frame(axes: Axes, title: str) -> None:
    axes.set_title(title, size=9)
    axes.grid(visible=False)
    axes.locator_params(nbins=3)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(True)
        axes.spines[side].set_alpha(0.35)
