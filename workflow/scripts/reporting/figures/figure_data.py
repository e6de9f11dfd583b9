"""The numbers that a figure draws, as a table: one row for each point, bar or cell."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pandas as pd

from reporting.figures.drawing.style import Plot
from reporting.figures.plots.aggregates import QUANTITIES, shown_groups
from reporting.figures.plots.coverage import mean_visits
from reporting.figures.plots.differences import difference_rows
from reporting.figures.plots.model import first_segment, shown_features
from reporting.figures.plots.training import COSTS
from reporting.over_tasks.profiles import Band
from reporting.per_task.curves import Curve
from reporting.per_task.logged_metrics import metric_curves
from reporting.statistics.analysis import Statistics
from reporting.tables.summary import Summary

Tables = Iterator[pd.DataFrame]
COST_COLUMNS = ("environment", "algorithm", "runs", "seeds_per_run")


def figure_data(plot: Plot, statistics: Statistics, summary: Summary) -> pd.DataFrame:
    """The table of a figure's data, for every kind of figure."""
    environment = plot.environment
    if environment is None:
        return pd.concat(_OVER_TASKS[plot.kind](plot, statistics))
    return pd.concat(_OF_A_TASK[plot.kind](plot, statistics, summary, environment))


def _of(algorithm: str, table: pd.DataFrame) -> pd.DataFrame:
    table.insert(0, "algorithm", algorithm)
    return table


def _records(items: Iterable[object]) -> pd.DataFrame:
    """Data classes as rows; an interval becomes several columns, as in `mean.low`."""
    return pd.json_normalize([dataclasses.asdict(item) for item in items])  # type: ignore[call-overload]


def _curves(curves: Iterable[Curve], environment: str) -> Tables:
    names = ("step", "seconds", "mean", "low", "high", "n")
    for curve in curves:
        if curve.environment == environment:
            seconds = curve.seconds or [None] * len(curve.steps)
            columns = (curve.steps, seconds, curve.mean, curve.low, curve.high, curve.n)
            yield _of(curve.algorithm, pd.DataFrame(dict(zip(names, columns, strict=True))))


def _metrics(plot: Plot, statistics: Statistics, summary: Summary, environment: str) -> Tables:
    for metric in plot.shows:
        curves = metric_curves(summary, environment, metric)
        for algorithm, curve in curves.items():
            yield _of(algorithm, curve.assign(metric=metric))


def _maps(plot: Plot, statistics: Statistics, summary: Summary, environment: str) -> Tables:
    """Mean visits of the cells that were visited, by the middles of the cells."""
    facts = statistics.facts[environment]
    labels, low, high = facts.projection_labels, facts.projection_low, facts.projection_high
    assert labels and low and high  # else there is no such figure
    for algorithm in statistics.algorithms:
        visits = mean_visits(summary, environment, algorithm)
        if visits is not None:
            cells = np.argwhere(visits > 0)
            middles = np.array(low) + (cells + 0.5) / visits.shape * (np.array(high) - low)
            table = pd.DataFrame(middles, columns=list(labels))
            yield _of(algorithm, table.assign(visits=visits[visits > 0]))


def _open_loop(plot: Plot, statistics: Statistics, summary: Summary, environment: str) -> Tables:
    for item in statistics.model_errors:
        if item.environment == environment:
            last = {"step": item.over_steps[-1].step} if item.over_steps else {}
            yield _of(item.algorithm, _records(item.last).assign(**last))
            over_steps = _records(item.over_steps).assign(horizon=item.fixed.horizon)
            yield _of(item.algorithm, over_steps)


def _predictions(plot: Plot, statistics: Statistics, summary: Summary, environment: str) -> Tables:
    mine = summary.predictions[summary.predictions["environment"] == environment]
    for algorithm in statistics.algorithms:
        rows = first_segment(mine, environment, algorithm)
        shown = rows[rows["feature"].isin(shown_features(mine))]
        yield shown[["algorithm", "feature", "time", "truth", "predicted"]]


def _differences(plot: Plot, statistics: Statistics) -> Tables:
    for row in difference_rows(statistics):
        yield _records(row.marks).assign(of=row.label, over_several_tasks=row.aggregate)


def _aggregates(plot: Plot, statistics: Statistics) -> Tables:
    quantity_of = QUANTITIES[plot.shows[0]]
    for group in statistics.groups:
        rows = _records(quantity_of(item) for item in group.algorithms)
        names = [item.algorithm for item in group.algorithms]
        yield rows.assign(group=group.name, tasks=len(group.environments), algorithm=names)


def _improvement(plot: Plot, statistics: Statistics) -> Tables:
    for group in shown_groups(statistics):
        rows = _records(pair.probability_of_improvement for pair in group.pairs)
        names = {key: [getattr(pair, key) for pair in group.pairs] for key in ("first", "second")}
        yield rows.assign(group=group.name, **names)


def _profiles(plot: Plot, statistics: Statistics) -> Tables:
    for group in shown_groups(statistics):
        for table in _bands(group.profiles, "normalised_score_above"):
            yield table.assign(group=group.name)


def _bands(bands: dict[str, Band], label: str) -> Tables:
    for algorithm, band in bands.items():
        columns = {label: band.grid, "estimate": band.estimate}
        ends = {"low": band.low, "high": band.high} if band.low else {}
        yield _of(algorithm, pd.DataFrame(columns | ends).assign(n=band.n))


def _costs(plot: Plot, statistics: Statistics) -> Tables:
    label, value_of = COSTS[plot.shows[0]]
    rows = _records(statistics.costs)[list(COST_COLUMNS)]
    rows[label] = [value_of(cost) for cost in statistics.costs]
    yield rows


_OVER_TASKS: dict[str, Callable[[Plot, Statistics], Tables]] = {
    "differences": _differences,
    "aggregate": _aggregates,
    "improvement": _improvement,
    "profiles": _profiles,
    "efficiency": lambda _, statistics: _bands(statistics.sample_efficiency, "share_of_budget"),
    "cost": _costs,
    "throughput": _costs,
}
_OF_A_TASK: dict[str, Callable[[Plot, Statistics, Summary, str], Tables]] = {
    "learning": lambda _, statistics, __, task: _curves(statistics.learning_curves, task),
    "coverage-curve": lambda _, statistics, __, task: _curves(statistics.coverage_curves, task),
    "coverage-map": _maps,
    "open-loop": _open_loop,
    "predictions": _predictions,
    "model-losses": _metrics,
    "internals": _metrics,
}
