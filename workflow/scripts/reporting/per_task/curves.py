"""Curves over environment steps, and how long training took to each of those steps."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from reporting.inference.intervals import FloatArray, t_band
from reporting.per_task.comparison import Scores
from reporting.per_task.scores import coverage_of, visited_share
from reporting.tables.run_folder import COMPLETE
from reporting.tables.summary import Summary, seeds_of, select
from reporting.tables.task_facts import TaskFacts

# Where a return and a share can lie.
ANY, SHARES = (-math.inf, math.inf), (0.0, 1.0)


@dataclass(frozen=True)
class Curve:
    """A mean over seeds at each step, with the ends of its t interval; None where there is none.

    An interval ends where the values do that are possible.
    seconds: wall-clock seconds of training a seed until each step, means over seeds; empty where a
    run did not record its time.
    """

    environment: str
    algorithm: str
    steps: tuple[int, ...]
    mean: tuple[float, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    n: tuple[int, ...]
    seconds: tuple[float, ...] = ()


def learning_curves(
    summary: Summary, scores: Scores, facts: Mapping[str, TaskFacts]
) -> Iterable[Curve]:
    """The evaluation return of every task and algorithm with a usable run."""
    for case, cell in scores.items():
        if cell.n:
            possible = facts[case[0]].return_range or ANY
            yield _curve(summary, case, cell.steps, cell.curve, possible)


def coverage_curves(summary: Summary, scores: Scores) -> Iterable[Curve]:
    """The share of the map's bins that were visited."""
    for case in scores:
        records = coverage_of(summary, *case)
        same = [record for record in records if np.array_equal(record.steps, records[0].steps)]
        if same:
            shares = np.concatenate([visited_share(record) for record in same])
            yield _curve(summary, case, records[0].steps.astype(np.float64), shares, SHARES)


def _curve(
    summary: Summary,
    case: tuple[str, str],
    steps: FloatArray,
    values: FloatArray,
    possible: tuple[float, float],
) -> Curve:
    mean, half, n = t_band(values)
    seconds = training_seconds(summary, *case, steps)
    return Curve(
        environment=case[0],
        algorithm=case[1],
        steps=tuple(int(step) for step in steps),
        mean=tuple(float(x) for x in mean),
        low=_ends(np.maximum(mean - half, possible[0])),
        high=_ends(np.minimum(mean + half, possible[1])),
        n=tuple(int(x) for x in n),
        seconds=() if seconds is None else tuple(float(x) for x in seconds),
    )


def _ends(values: FloatArray) -> tuple[float | None, ...]:
    return tuple(float(x) if math.isfinite(x) else None for x in values)


def training_seconds(
    summary: Summary, environment: str, algorithm: str, steps: FloatArray
) -> FloatArray | None:
    """Seconds a seed until each of `steps`, between the ends of training episodes by lines.

    The time of a run that trains several seeds together is divided by their number, as among the
    costs. None where the time of a run is not known.
    """
    case, total, seeds = (environment, algorithm), np.zeros(len(steps)), 0
    rows = select(summary.training, environment, algorithm).dropna(subset="seconds")
    for run in summary.runs:
        if (run["environment"], run["algorithm"]) != case or run["status"] != COMPLETE:
            continue
        if not run["seconds"]:
            return None
        last = int(run["steps"])
        mine = rows[rows["seed"].isin(seeds_of(run)) & (rows["step"] < last)]
        ends = mine.groupby("step")["seconds"].max()
        at = [0.0, *ends.index, last]
        total += np.interp(steps, at, [0.0, *ends, float(run["seconds"])])
        seeds += len(seeds_of(run))
    return total / seeds if seeds else None
