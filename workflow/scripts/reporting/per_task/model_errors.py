"""Open-loop errors of world models, which predict repeatedly from their own predictions."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reporting.inference.intervals import Interval, t_interval
from reporting.tables.summary import Summary, select

POSSIBLE = (0.0, math.inf)  # of an error


@dataclass(frozen=True)
class HorizonError:
    """The open-loop error `horizon` steps ahead, in standard deviations of the observations.

    error: mean over seeds with its t interval. unchanged: the same for a baseline that predicts no
    change, on the same episodes; a model whose error is not below it has learned nothing useful.
    """

    horizon: int
    error: Interval
    unchanged: Interval


@dataclass(frozen=True)
class ErrorAtStep:
    """The error at the task's fixed horizon, of the model as it was after `step` steps."""

    step: int
    error: Interval


@dataclass(frozen=True)
class ModelErrors:
    """The world model of one algorithm on one task.

    last: by horizon, at the last evaluation. fixed: at the horizon in the middle of the list, the
    same for all algorithms of the task. over_steps: at that horizon, at each evaluation.
    """

    environment: str
    algorithm: str
    last: tuple[HorizonError, ...]
    fixed: HorizonError
    over_steps: tuple[ErrorAtStep, ...]


def model_errors(summary: Summary) -> list[ModelErrors]:
    """The errors of every task and algorithm whose runs recorded any."""
    found = []
    for environment in summary.environments:
        mine = summary.open_loop[summary.open_loop["environment"] == environment]
        horizons = sorted({int(horizon) for horizon in mine["horizon"]})
        for algorithm in summary.algorithms:
            rows = select(mine, environment, algorithm)
            if len(rows):
                middle = horizons[len(horizons) // 2]
                found.append(_model_errors(environment, algorithm, rows, middle))
    return found


def _model_errors(environment: str, algorithm: str, rows: pd.DataFrame, middle: int) -> ModelErrors:
    last = rows[rows["step"] == rows["step"].max()]
    by_horizon = tuple(_horizon_error(*pair) for pair in _split(last, "horizon"))
    at_middle = rows[rows["horizon"] == middle]
    return ModelErrors(
        environment=environment,
        algorithm=algorithm,
        last=by_horizon,
        fixed=_horizon_error(middle, last[last["horizon"] == middle]),
        over_steps=tuple(
            ErrorAtStep(step, _over_seeds(these["error"]))
            for step, these in _split(at_middle, "step")
        ),
    )


def _horizon_error(horizon: int, rows: pd.DataFrame) -> HorizonError:
    """No seed has a value if all episodes were shorter than the horizon."""
    return HorizonError(horizon, _over_seeds(rows["error"]), _over_seeds(rows["unchanged"]))


def _split(rows: pd.DataFrame, column: str) -> list[tuple[int, pd.DataFrame]]:
    """The rows grouped by an integer column, in order."""
    return [(value, rows[rows[column] == value]) for value in sorted(set(rows[column].astype(int)))]


def _over_seeds(values: pd.Series) -> Interval:
    """The interval over one value per seed; values that are not finite are dropped."""
    numbers = values.to_numpy(dtype=np.float64)
    return t_interval(numbers[np.isfinite(numbers)]).within(POSSIBLE)
