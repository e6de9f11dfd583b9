"""One number per seed: the independent observations of all statistics."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from reporting.inference.intervals import FloatArray
from reporting.tables.summary import RecordedCoverage, Summary, select


@dataclass(frozen=True)
class SeedScores:
    """The scores of one algorithm on one task; every array has one row per seed, in the same order.

    final (n,): mean return over the last checkpoint's evaluation episodes. success (n,): the share
    of those episodes that succeeded. curve (n, P): mean evaluation return at `steps` (P,), NaN
    where a seed was not evaluated. best (n,): the largest value of the curve, which is biased
    upward. area (n,): the mean height of the curve over the steps.
    """

    seeds: tuple[int, ...]
    final: FloatArray
    success: FloatArray
    steps: FloatArray
    curve: FloatArray
    best: FloatArray
    area: FloatArray

    @property
    def n(self) -> int:
        """The number of seeds."""
        return len(self.seeds)


def seed_scores(summary: Summary, environment: str, algorithm: str) -> SeedScores:
    """Reduce the episodes of one task and algorithm to scores per seed (n may be 0)."""
    final = select(summary.final, environment, algorithm)
    means = final.groupby("seed", sort=True)[["return", "success"]].mean()
    seeds = tuple(int(seed) for seed in means.index)
    evaluation = select(summary.evaluation, environment, algorithm)
    table = seed_step_table(evaluation, "return")
    steps = np.asarray(table.columns, dtype=np.float64)
    curve = table.reindex(list(seeds)).to_numpy(dtype=np.float64)
    return SeedScores(
        seeds=seeds,
        final=means["return"].to_numpy(dtype=np.float64),
        success=means["success"].to_numpy(dtype=np.float64),
        steps=steps,
        curve=curve,
        best=np.array([np.nanmax(row) for row in curve]),
        area=np.array([mean_height(steps, row) for row in curve]),
    )


def seed_step_table(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """Means of `column`, one row per seed and one column per step."""
    return table.pivot_table(index="seed", columns="step", values=column, aggfunc="mean")


def mean_height(steps: FloatArray, values: FloatArray) -> float:
    """The area under a curve by trapezoids, divided by the width of its steps; NaN is skipped."""
    present = np.isfinite(values)
    at, height = steps[present], values[present]
    if len(at) == 1:
        return float(height[0])
    return float(np.trapezoid(height, at) / (at[-1] - at[0]))


def visited_share(coverage: RecordedCoverage) -> FloatArray:
    """The share of the map's bins visited so far (seeds, evaluations); counts are cumulative."""
    visited = (coverage.counts > 0).mean(axis=(-2, -1))
    return np.asarray(visited.T, dtype=np.float64)


def coverage_of(summary: Summary, environment: str, algorithm: str) -> list[RecordedCoverage]:
    """All recorded coverage of one task and algorithm; one entry per run."""
    return [
        record
        for record in summary.coverage
        if record.environment == environment and record.algorithm == algorithm
    ]


def binned_metric(
    table: pd.DataFrame, metric: str, budget: int, bins: int = 50
) -> tuple[FloatArray, FloatArray]:
    """A logged metric averaged within equal bins of steps.

    Returns the bin centres (bins,) and the means (seeds, bins), NaN where a bin holds no value.
    """
    logged = table[metric].to_numpy(dtype=np.float64)
    present = ~np.isnan(logged)
    edges = np.linspace(0, max(budget, 1), bins + 1)
    steps = table["step"].to_numpy()[present]
    places = np.clip(np.searchsorted(edges, steps, side="left") - 1, 0, bins - 1)
    seeds, rows = np.unique(table["seed"].to_numpy()[present], return_inverse=True)
    # A table for thousands of calls: pandas would take twenty milliseconds for each.
    cells, size = rows * bins + places, len(seeds) * bins
    totals = np.bincount(cells, logged[present], size)
    with np.errstate(invalid="ignore"):
        values = (totals / np.bincount(cells, minlength=size)).reshape(len(seeds), bins)
    middles: npt.NDArray[np.float64] = (edges[:-1] + edges[1:]) / 2
    return middles, values
