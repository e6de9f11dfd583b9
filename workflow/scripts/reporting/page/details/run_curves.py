"""Small curves of single runs, shown when a run's row in the table is opened."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from reporting.figures.drawing.short_svg import line_path
from reporting.inference.intervals import FloatArray
from reporting.per_task.scores import binned_metric, seed_step_table
from reporting.tables.summary import Summary
from reporting.text import number

WIDTH, HEIGHT, BINS = 200, 40, 40
KEYS = ("environment", "algorithm", "seed", "step")


@dataclass(frozen=True)
class SmallCurve:
    """One quantity of one run over its steps.

    lines: the data of a path for each seed, in a box of WIDTH x HEIGHT. low, high, last: the
    ends of the vertical axis, and the mean over seeds at the end, as text.
    """

    name: str
    lines: tuple[str, ...]
    low: str
    high: str
    last: str


class RunCurves:
    """Looks up the curves of runs in tables that are split once by task and algorithm."""

    def __init__(self, summary: Summary) -> None:
        self._evaluation = _split(summary.evaluation)
        self._losses = _split(summary.losses)
        self._budgets = {name: summary.steps(name) for name in summary.environments}

    def of(self, environment: str, algorithm: str, seeds: list[int]) -> list[SmallCurve]:
        """The evaluation return and every logged metric of a run; empty without data."""
        case = environment, algorithm
        if case not in self._evaluation:
            return []
        budget = self._budgets[environment]
        mine = self._evaluation[case]
        table = seed_step_table(mine[mine["seed"].isin(seeds)], "return")
        steps = np.asarray(table.columns, dtype=np.float64)
        curves = [_small_curve("evaluation return", steps, table.to_numpy(np.float64), budget)]
        losses = self._losses.get(case, pd.DataFrame(columns=["seed"]))
        losses = losses[losses["seed"].isin(seeds)]
        for metric in losses.columns:
            if metric not in KEYS and losses[metric].notna().any():
                middles, values = binned_metric(losses, metric, budget, BINS)
                curves.append(_small_curve(metric.replace("_", " "), middles, values, budget))
        return [curve for curve in curves if curve.lines]


def _split(table: pd.DataFrame) -> dict[tuple[str, str], pd.DataFrame]:
    groups = table.groupby(["environment", "algorithm"], sort=False)
    return {(str(key[0]), str(key[1])): rows for key, rows in groups}


def _small_curve(name: str, steps: FloatArray, values: FloatArray, budget: int) -> SmallCurve:
    """Values (seeds, points) at steps (points,); values that are not finite are skipped."""
    finite = np.isfinite(values)
    if not finite.any():
        return SmallCurve(name, (), "", "", "")
    low, high = float(values[finite].min()), float(values[finite].max())
    across = np.rint(steps / max(budget, 1) * WIDTH).astype(int)
    down = np.rint(HEIGHT * (1 - (values - low) / ((high - low) or 1.0)))
    lines = tuple(
        line_path(zip(across[present], row[present], strict=True))
        for row, present in zip(down, finite, strict=True)
        if present.any()
    )
    ends = [row[present][-1] for row, present in zip(values, finite, strict=True) if present.any()]
    return SmallCurve(name, lines, number(low), number(high), number(float(np.mean(ends))))
