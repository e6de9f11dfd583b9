"""What the page's script draws curves from: numbers of the statistics, as short JSON."""

import json
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from markupsafe import Markup

from reporting import text
from reporting.figures.plots.curves import RANDOM, score_axis
from reporting.per_task.comparison import Scores
from reporting.per_task.curves import Curve
from reporting.statistics.analysis import Statistics, all_scores
from reporting.tables.summary import Summary

# Of each number that is drawn or shown. statistics.json and the figures' own tables have more.
DIGITS = 4

Case = tuple[str, str | None]
Json = dict[str, Any]


def interactive_curves(
    statistics: Statistics, summary: Summary, colour: Callable[[str], str]
) -> dict[Case, Markup]:
    """The data of the curves in a figure, by its kind and task, as an element of the page."""
    scores = all_scores(summary)
    elements: dict[Case, Markup] = {}
    for environment in statistics.facts:
        learning = _of_task(statistics.learning_curves, environment)
        if learning:
            lines = _lines(learning, colour)
            data = _returns(statistics, scores, environment, learning, lines)
            elements["learning", environment] = _element(data)
        coverage = _of_task(statistics.coverage_curves, environment)
        if coverage:
            lines = _lines(coverage, colour)
            ends = [high for curve in coverage for high in (*curve.mean, *curve.high) if high]
            top = min(1.0, 1.05 * max(ends, default=1.0))
            data = {"of": "share of the map visited", "share": True, "y": [0, top], "lines": lines}
            elements["coverage-curve", environment] = _element(data)
    return elements


def _of_task(curves: Iterable[Curve], environment: str) -> list[Curve]:
    return [curve for curve in curves if curve.environment == environment]


def _returns(
    statistics: Statistics,
    scores: Scores,
    environment: str,
    curves: Sequence[Curve],
    lines: list[Json],
) -> Json:
    """The evaluation returns: with a faint line for each seed, and the known scores."""
    seeds = [scores[environment, curve.algorithm].curve for curve in curves]
    axis = score_axis(statistics.facts[environment], seeds, statistics.scale(environment))
    return {
        "of": "evaluation return",
        "y": [axis.low, axis.high],
        "marks": [
            [height, axis.name(word), word == RANDOM] for word, height in axis.scores.items()
        ],
        "note": axis.note,
        "lines": [
            line | {"seeds": values.tolist()} for line, values in zip(lines, seeds, strict=True)
        ],
    }


def _lines(curves: Sequence[Curve], colour: Callable[[str], str]) -> list[Json]:
    """The means with their intervals."""
    return [
        {
            "name": text.short_name(curve.algorithm),
            "colour": colour(curve.algorithm),
            "steps": curve.steps,
            "seconds": curve.seconds,
            "mean": curve.mean,
            "low": curve.low,
            "high": curve.high,
            "n": curve.n,
        }
        for curve in curves
    ]


def _element(data: Json) -> Markup:
    """The data as a script element that nobody runs; no text in it can end the element."""
    written = json.dumps(_rounded(data), separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    safe = written.replace("<", "\\u003c")
    return Markup(f'<script type="application/json" class="curves">{safe}</script>')


def _rounded(value: Any) -> Any:
    """The same data with numbers of DIGITS significant digits; None for what is not finite."""
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        short = float(f"{value:.{DIGITS}g}")
        return int(short) if short.is_integer() else short
    return value
