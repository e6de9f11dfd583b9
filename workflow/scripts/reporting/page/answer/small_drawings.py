"""Drawings as high as a line of a table: seeds as dots, a learning curve, an interval."""

from dataclasses import dataclass

from reporting.inference.intervals import Interval
from reporting.per_task.cells import Cell
from reporting.statistics.analysis import Statistics

WIDTH, HEIGHT = 100, 22


@dataclass(frozen=True)
class Dots:
    """The places of the seeds across a box of WIDTH, and of the scores 0 and 1 if there are any."""

    places: tuple[str, ...]
    zero: str | None
    one: str | None


def _place(value: float, low: float, high: float, size: float, margin: float) -> float:
    """Where a value lies between the margins of a box, clipped to them."""
    share = min(1.0, max(0.0, (value - low) / ((high - low) or 1.0)))
    return margin + share * (size - 2 * margin)


def score_ends(statistics: Statistics) -> tuple[float, float]:
    """The scale of all dots: normalised scores from 0 to 1, or wider if seeds lie outside."""
    scores = [
        seed.normalised
        for cell in statistics.cells
        for seed in cell.seeds
        if seed.normalised is not None
    ]
    return min([0.0, *scores]), max([1.0, *scores])


def dots(statistics: Statistics, cell: Cell) -> Dots:
    """The seeds of one cell: by normalised score, or by return on the scale of their task."""
    if statistics.facts[cell.environment].ends is not None:
        low, high = score_ends(statistics)
        values = [seed.normalised or 0.0 for seed in cell.seeds]
        zero, one = (f"{_place(end, low, high, WIDTH, 4):.1f}" for end in (0.0, 1.0))
        return Dots(tuple(f"{_place(v, low, high, WIDTH, 4):.1f}" for v in values), zero, one)
    same = [other for other in statistics.cells if other.environment == cell.environment]
    returns = [seed.final for other in same for seed in other.seeds]
    low, high = min(returns), max(returns)
    places = (f"{_place(seed.final, low, high, WIDTH, 4):.1f}" for seed in cell.seeds)
    return Dots(tuple(places), None, None)


def sparkline(statistics: Statistics, environment: str, algorithm: str) -> str:
    """The points of the mean learning curve, on the scale of all algorithms of the task."""
    curves = [c for c in statistics.learning_curves if c.environment == environment]
    means = [mean for curve in curves for mean in curve.mean]
    budget = max(statistics.budgets[environment], 1)
    points = []
    for curve in curves:
        if curve.algorithm == algorithm:
            for step, mean in zip(curve.steps, curve.mean, strict=True):
                down = HEIGHT - _place(mean, min(means), max(means), HEIGHT, 2)
                points.append(f"{_place(step, 0, budget, WIDTH, 1):.1f},{down:.1f}")
    return " ".join(points)


def strip_ends(statistics: Statistics) -> tuple[float, float]:
    """The scale of the small intervals in the table: 0 to 1, or wider if estimates lie outside."""
    estimates = [cell.normalised.estimate or 0.0 for cell in statistics.cells]
    return min([0.0, *estimates]) - 0.1, max([1.0, *estimates]) + 0.1


def strip_place(value: float | None, low: float, high: float) -> str | None:
    """A value's position between 0 and 100 on that scale, clipped to its ends."""
    if value is None:
        return None
    return f"{100 * min(1.0, max(0.0, (value - low) / (high - low))):.1f}"


def on_strip(interval: Interval, low: float, high: float) -> dict[str, str | None]:
    """The positions of the parts of a small drawing of an interval."""
    parts = {
        "zero": 0.0,
        "one": 1.0,
        "low": interval.low,
        "high": interval.high,
        "estimate": interval.estimate,
    }
    return {name: strip_place(value, low, high) for name, value in parts.items()}
