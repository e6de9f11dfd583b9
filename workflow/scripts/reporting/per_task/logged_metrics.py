"""What runs log while they train: means over seeds in bins of steps, and how they change."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reporting.inference.intervals import t_band
from reporting.per_task.scores import binned_metric
from reporting.tables.summary import Summary, select

# Of training episodes; every other metric is a column of the losses.
TRAINING_RETURN = "training_return"
KEYS = ("environment", "algorithm", "seed", "step")
# A curve that ends before this share of the steps is said to end there: the run diverged, or
# logged the metric no longer.
NEAR_THE_END = 0.9


@dataclass(frozen=True)
class LoggedChange:
    """The first and the last mean over seeds of one metric, as they are drawn.

    until: the step of the last, where it is not near the end of the training.
    """

    environment: str
    algorithm: str
    metric: str
    first: float
    last: float
    until: float | None

    @property
    def factor(self) -> float | None:
        """How many times as large as the smaller end the larger is; None without such a number."""
        small, large = sorted((abs(self.first), abs(self.last)))
        return large / small if self.first * self.last > 0 and small > 0 else None


def logged_metrics(summary: Summary, environment: str) -> list[str]:
    """The metrics that some run of the task logged, by name; always with the training return."""
    mine = summary.losses[summary.losses["environment"] == environment]
    logged = [name for name in mine.columns if name not in KEYS and mine[name].notna().any()]
    return [TRAINING_RETURN, *sorted(logged)]


def metric_curves(summary: Summary, environment: str, metric: str) -> dict[str, pd.DataFrame]:
    """By algorithm that logged it: step, mean, low, high and n, in the bins that hold a value."""
    curves = {}
    for algorithm in summary.algorithms:
        rows = _metric_rows(summary, metric, environment, algorithm)
        if rows is not None:
            steps, values = binned_metric(rows, metric, summary.steps(environment))
            mean, half, n = t_band(values)
            columns = {"step": steps, "mean": mean, "low": mean - half, "high": mean + half, "n": n}
            curves[algorithm] = pd.DataFrame(columns)[np.isfinite(mean)]
    return curves


def logged_changes(summary: Summary) -> Iterable[LoggedChange]:
    """The ends of every curve of a logged metric, by task, metric and algorithm."""
    for environment in summary.environments:
        for metric in logged_metrics(summary, environment):
            for algorithm, curve in metric_curves(summary, environment, metric).items():
                if curve.empty:  # no value was finite
                    continue
                last = float(curve["step"].iloc[-1])
                until = last if last < NEAR_THE_END * summary.steps(environment) else None
                ends = float(curve["mean"].iloc[0]), float(curve["mean"].iloc[-1])
                yield LoggedChange(environment, algorithm, metric, *ends, until)


def _metric_rows(
    summary: Summary, metric: str, environment: str, algorithm: str
) -> pd.DataFrame | None:
    table = select(summary.losses, environment, algorithm)
    if metric == TRAINING_RETURN:
        table = select(summary.training, environment, algorithm)
        table = table.assign(training_return=table["return"])
    if metric not in table.columns or not table[metric].notna().any():
        return None
    return table
