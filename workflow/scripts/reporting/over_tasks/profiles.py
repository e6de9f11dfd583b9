"""Curves over all tasks at once, with pointwise stratified bootstrap bands."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reporting.inference.bootstrap import (
    REPLICATES,
    interquartile_mean,
    percentile_ends,
    stratified_indices,
    widened,
)
from reporting.inference.intervals import FloatArray


@dataclass(frozen=True)
class Band:
    """A curve over a grid; `low` and `high` are empty where there are fewer than two seeds."""

    grid: tuple[float, ...]
    estimate: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    n: int


def performance_profile(
    scores: Sequence[FloatArray], grid: FloatArray, generator: np.random.Generator
) -> Band:
    """The share of runs whose normalised score is above each value of `grid` (Dolan and More)."""
    reached = np.concatenate(scores)[:, None] > grid
    return _band([len(task) for task in scores], grid, reached.astype(np.float64), False, generator)


def sample_efficiency(
    curves: Sequence[FloatArray], grid: FloatArray, generator: np.random.Generator
) -> Band:
    """The interquartile mean over all runs at each share of the tasks' step budgets.

    `curves` has one (seeds, len(grid)) array of normalised scores a task.
    """
    return _band([len(task) for task in curves], grid, np.concatenate(curves), True, generator)


def curve_on_shares(
    steps: FloatArray, values: FloatArray, budget: int, grid: FloatArray
) -> FloatArray:
    """Curves (seeds, points) at `steps`, interpolated at the shares `grid` of `budget` steps."""
    rows = [
        np.interp(grid * budget, steps[np.isfinite(row)], row[np.isfinite(row)]) for row in values
    ]
    return np.asarray(rows, dtype=np.float64).reshape(len(rows), len(grid))


def _band(
    counts: Sequence[int],
    grid: FloatArray,
    table: FloatArray,
    trimmed: bool,
    generator: np.random.Generator,
) -> Band:
    def reduce(rows: FloatArray) -> FloatArray:
        return interquartile_mean(rows, axis=-2) if trimmed else rows.mean(axis=-2)

    estimate = reduce(table)
    low = high = np.empty(0)
    if min(counts) >= 2:
        indices = stratified_indices(counts, REPLICATES, generator)
        # Column by column, because all replicates of the whole table would take gigabytes.
        columns = [reduce(table[:, point][indices][..., None])[:, 0] for point in range(len(grid))]
        low, high = widened(estimate, percentile_ends(np.stack(columns), axis=1), min(counts))
        if not trimmed:  # shares of the runs
            low, high = low.clip(0.0, 1.0), high.clip(0.0, 1.0)
    as_floats = [tuple(float(x) for x in row) for row in (grid, estimate, low, high)]
    return Band(as_floats[0], as_floats[1], as_floats[2], as_floats[3], min(counts))
