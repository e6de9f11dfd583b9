"""Curves over steps: learning, sample efficiency over all tasks, and coverage."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from reporting.figures.drawing.style import (
    QUIET,
    NumberFormatter,
    Plot,
    colour,
    drawing,
    rows_legend,
    svg_text,
)
from reporting.inference.intervals import FloatArray
from reporting.over_tasks.profiles import Band
from reporting.per_task.comparison import Scores
from reporting.per_task.curves import Curve
from reporting.statistics.analysis import Statistics
from reporting.tables.task_facts import TaskFacts
from reporting.text import display_name, number, score, short_name, size_range, slug

PANEL = (4.1, 2.75)
WIDE_PANEL = (4.4, 2.9)
# Where the reference line would flatten the curves, the panel leaves it out and points to it.
REFERENCE_HEADROOM = 2.5
RANDOM, REFERENCE = "random policy", "reference"


def compact_steps(value: float, _: object = None) -> str:
    """Steps as 20k or 1.5M."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def steps_axis(axes: Axes, label: str = "environment steps") -> None:
    """Name the axis of steps, with few and short ticks."""
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(FuncFormatter(compact_steps))
    axes.set_xlabel(label)


def draw_curve(axes: Axes, curve: Curve, shade: str, label: str) -> None:
    """A mean with the band of its t interval; no band where there is none."""
    low, high = (np.array(ends, dtype=np.float64) for ends in (curve.low, curve.high))
    axes.plot(curve.steps, curve.mean, color=shade, linewidth=2, label=label)
    axes.fill_between(curve.steps, low, high, color=shade, alpha=0.18, linewidth=0)


def learning_curve(statistics: Statistics, scores: Scores, environment: str) -> tuple[Plot, str]:
    """Evaluation return over steps: every seed faint, the mean bold with its interval."""
    algorithms, facts = list(statistics.algorithms), statistics.facts[environment]
    name = f"learning-{slug(environment)}"
    curves = [c for c in statistics.learning_curves if c.environment == environment]
    scale = statistics.scale(environment)
    description = _learning_description(curves, facts, scale)
    with drawing(*PANEL) as figure:
        axes = figure.subplots()
        for curve in curves:
            shade = colour(curve.algorithm, algorithms)
            cell = scores[environment, curve.algorithm]
            axes.plot(cell.steps, cell.curve.T, color=shade, alpha=0.32, linewidth=0.7)
            draw_curve(axes, curve, shade, short_name(curve.algorithm))
        values = [scores[environment, curve.algorithm].curve for curve in curves]
        _score_lines(axes, score_axis(facts, values, scale))
        axes.set_xlim(0, statistics.budgets[environment])
        steps_axis(axes)
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.yaxis.set_major_formatter(NumberFormatter())
        rows_legend(axes)
        text = svg_text(figure, name, description)
    return Plot(f"{name}.svg", "learning", environment, description), text


@dataclass(frozen=True)
class ScoreAxis:
    """The axis of returns: its ends, the scores that are lines in it, and a note on the reference
    where that lies far above. `scale` is the size with which they are written."""

    low: float
    high: float
    scores: dict[str, float]
    note: str
    scale: float

    def name(self, word: str) -> str:
        """What stands beside the line of a score."""
        return f"{word} {number(self.scores[word], scale=self.scale)}"


def score_axis(facts: TaskFacts, values: Sequence[FloatArray], scale: float) -> ScoreAxis:
    """All values fit; the random policy's and the reference score, if known, are marked.

    Args:
        scale: the size of the task's returns, with which these two are written.
    """
    scores = {} if facts.random_score is None else {RANDOM: facts.random_score}
    lowest = min([*scores.values(), *(float(np.nanmin(value)) for value in values)])
    highest = max([*scores.values(), *(float(np.nanmax(value)) for value in values)])
    reach, note = (highest - lowest) or 1.0, ""
    if facts.reference_score is not None:
        if facts.reference_score <= lowest + REFERENCE_HEADROOM * reach:
            scores[REFERENCE] = facts.reference_score
            highest = max(highest, facts.reference_score)
        else:
            note = f"{REFERENCE} {number(facts.reference_score, scale=scale)} \N{UPWARDS ARROW}"
    return ScoreAxis(lowest - 0.13 * reach, highest + 0.1 * reach, scores, note, scale)


def _score_lines(axes: Axes, axis: ScoreAxis) -> None:
    """The known scores as dashed lines with their names."""
    axes.text(0.01, 0.99, axis.note, transform=axes.transAxes, ha="left", va="top", fontsize=8)
    axes.set_ylim(axis.low, axis.high)
    # The reference is named at the left, where curves are low, and the random policy's score below
    # its line at the right, where they have risen.
    places = {
        REFERENCE: (0.01, "left", "bottom", 2),
        RANDOM: (0.995, "right", "top", -2),
    }
    for word, height in axis.scores.items():
        x, side, above, offset = places[word]
        axes.axhline(height, color="#808080", linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
        axes.annotate(
            axis.name(word),
            (x, height),
            xycoords=("axes fraction", "data"),
            xytext=(0, offset),
            textcoords="offset points",
            ha=side,
            va=above,
            fontsize=8,
            alpha=QUIET + 0.2,
        )


def _learning_description(curves: list[Curve], facts: TaskFacts, scale: float) -> str:
    ends = [
        f"{display_name(curve.algorithm)} ends at {number(curve.mean[-1], scale=scale)} "
        f"(n = {curve.n[-1]})"
        for curve in curves
    ]
    known = [
        f"{whose} {number(known_score, scale=scale)}"
        for whose, known_score in (
            ("random policy scores", facts.random_score),
            ("reference is", facts.reference_score),
        )
        if known_score is not None
    ]
    scores = f" The {', the '.join(known)}." if known else ""
    return f"Learning curves on {facts.name}: {'; '.join(ends) or 'no usable runs'}.{scores}"


def sample_efficiency_plot(statistics: Statistics) -> tuple[Plot, str]:
    """Interquartile mean of the normalised score over the share of the step budget."""
    bands = statistics.sample_efficiency
    ends = [f"{display_name(name)} {score(band.estimate[-1])}" for name, band in bands.items()]
    description = (
        "Sample efficiency: interquartile mean of the normalised evaluation return over the share "
        f"of each task's step budget. At the last evaluation: {', '.join(ends)}."
    )
    with drawing(*WIDE_PANEL) as figure:
        axes = figure.subplots()
        for algorithm, band in bands.items():
            shade = colour(algorithm, list(statistics.algorithms))
            draw_band(axes, band, shade, short_name(algorithm))
        axes.xaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_xlim(0, 1)
        axes.set_xlabel("share of each task's step budget")
        axes.set_ylabel("interquartile mean, normalised")
        rows_legend(axes)
        text = svg_text(figure, "efficiency", description)
    return Plot("efficiency.svg", "efficiency", None, description), text


def draw_band(axes: Axes, band: Band, shade: str, label: str) -> None:
    """A curve over a grid with its bootstrap band, if it has one."""
    axes.plot(band.grid, band.estimate, color=shade, linewidth=2, label=label)
    if band.low:
        axes.fill_between(band.grid, band.low, band.high, color=shade, alpha=0.18, linewidth=0)


def coverage_curve(statistics: Statistics, environment: str) -> tuple[Plot, str]:
    """The share of the map's bins that were visited, over steps."""
    curves = [c for c in statistics.coverage_curves if c.environment == environment]
    name = f"coverage-curve-{slug(environment)}"
    ends = [f"{display_name(curve.algorithm)} {curve.mean[-1]:.1%}" for curve in curves]
    sizes = [curve.n[-1] for curve in curves]
    description = (
        f"Share of the map's bins visited on {statistics.facts[environment].name} in the end: "
        f"{', '.join(ends)}; n = {size_range(min(sizes), max(sizes), 'seed')}."
    )
    with drawing(*PANEL) as figure:
        axes = figure.subplots()
        for curve in curves:
            shade = colour(curve.algorithm, list(statistics.algorithms))
            draw_curve(axes, curve, shade, short_name(curve.algorithm))
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.set_xlim(0, statistics.budgets[environment])
        axes.set_ylim(0, min(1.0, axes.get_ylim()[1]))
        steps_axis(axes)
        rows_legend(axes)
        text = svg_text(figure, name, description)
    return Plot(f"{name}.svg", "coverage-curve", environment, description), text
