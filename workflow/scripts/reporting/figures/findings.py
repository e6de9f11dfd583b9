"""The title of each figure: what it shows, in numbers of statistics.json."""

from collections.abc import Callable, Sequence

from reporting.figures.drawing.style import Plot
from reporting.figures.logged_changes import (
    MOST_NAMED,
    each_change,
    largest_change,
)
from reporting.figures.plots.aggregates import QUANTITIES, shown_groups
from reporting.over_tasks.aggregates import Group
from reporting.per_task.logged_metrics import LoggedChange
from reporting.statistics.analysis import Statistics
from reporting.text import (
    count_of,
    display_name,
    joined,
    number,
    short_name,
    short_task_name,
    slug,
)


def finding(statistics: Statistics, plot: Plot) -> str:
    """The title of a figure; without a number, the task's name."""
    task = short_task_name(plot.environment or "")
    if plot.kind == "aggregate":
        return _aggregate(statistics, plot)
    if plot.kind in OVER_TASKS:
        return OVER_TASKS[plot.kind](statistics)
    environment = plot.environment or ""
    if plot.kind in OF_LOGS:
        words = OF_LOGS[plot.kind](_logged(statistics, environment, plot.shows))
    else:
        words = OF_TASK[plot.kind](statistics, environment)
    return f"{task}: {words}" if words else task


def first_group(statistics: Statistics) -> Group:
    """The group that the answer begins with: the sparse tasks, or all if there is one kind."""
    return shown_groups(statistics)[0]


def _tasks(group: Group) -> str:
    return count_of(len(group.environments), group.noun)


def _ranked(values: Sequence[tuple[str, float]], written: Callable[[float], str]) -> str:
    """`Plan2Explore 261, MBPO 0.00 and SAC 0.00`; of many algorithms the first and the last."""
    ranked = sorted(values, key=lambda item: -item[1])
    shown = [f"{short_name(name)} {written(value)}" for name, value in ranked]
    if len(shown) > MOST_NAMED:
        return f"{shown[0]} is the most, {shown[-1]} the least"
    return joined(shown)


def _share(value: float) -> str:
    return f"{value:.0%}"


def _differences(statistics: Statistics) -> str:
    group = first_group(statistics)
    clauses = [c for c in statistics.headline.clauses if c.group == group.name]
    known = [(c.rival, c.difference.estimate) for c in clauses if c.difference.estimate is not None]
    shown = [f"{number(value, signed=True)} against {short_name(name)}" for name, value in known]
    leader = display_name(statistics.headline.leader)
    if len(shown) > MOST_NAMED:
        low, high = (number(end(v for _, v in known), signed=True) for end in (min, max))
        return f"{leader} over {_tasks(group)}: {low} to {high} against {len(shown)} others"
    return f"{leader} over {_tasks(group)}: {joined(shown)}"


def _solved(statistics: Statistics) -> str:
    group = first_group(statistics)
    shares = [(each.algorithm, each.solved.count / each.solved.n) for each in group.algorithms]
    return f"Runs that solve their task, of {_tasks(group)}: {_ranked(shares, _share)}"


def _efficiency(statistics: Statistics) -> str:
    half = [
        (name, band.estimate[len(band.grid) // 2])
        for name, band in statistics.sample_efficiency.items()
    ]
    return f"Interquartile mean after half of the steps: {_ranked(half, number)}"


def _improvement(statistics: Statistics) -> str:
    group, leader = first_group(statistics), statistics.headline.leader
    chances = [
        (pair.second, pair.probability_of_improvement.estimate or 0.0)
        for pair in group.pairs
        if pair.first == leader
    ]
    shown = [f"{number(value)} against {short_name(name)}" for name, value in chances]
    if len(shown) > MOST_NAMED:
        low, high = (number(end(v for _, v in chances)) for end in (min, max))
        shown = [f"{low} to {high} against {len(chances)} others"]
    chance = f"Chance that a run of {display_name(leader)} scores higher, over {_tasks(group)}"
    return f"{chance}: {joined(shown)}"


def _aggregate(statistics: Statistics, plot: Plot) -> str:
    group = first_group(statistics)
    quantity = next(name for name in QUANTITIES if plot.file == f"aggregate-{slug(name)}.svg")
    values = [
        (each.algorithm, QUANTITIES[quantity](each).estimate or 0.0) for each in group.algorithms
    ]
    return f"{quantity.capitalize()} over {_tasks(group)}: {_ranked(values, number)}"


def _cost(statistics: Statistics) -> str:
    hours = [
        (total.algorithm, total.hours)
        for total in statistics.cost_totals
        if total.hours is not None
    ]
    return f"Hours of all runs together: {_ranked(hours, number)}"


def _throughput(statistics: Statistics) -> str:
    most: dict[str, float] = {}
    for cost in statistics.costs:
        if cost.updates_per_second is not None:
            most[cost.algorithm] = max(most.get(cost.algorithm, 0.0), cost.updates_per_second)
    return f"Updates a second, at most: {_ranked(list(most.items()), number)}"


def _learning(statistics: Statistics, environment: str) -> str:
    ends = [
        (cell.algorithm, cell.final.estimate)
        for cell in statistics.cells
        if cell.environment == environment and cell.final.estimate is not None
    ]
    return _ranked(ends, number)


def _coverage(statistics: Statistics, environment: str) -> str:
    ends = [
        (curve.algorithm, curve.mean[-1])
        for curve in statistics.coverage_curves
        if curve.environment == environment
    ]
    return f"{_ranked(ends, _share)} of the map visited"


def _models(statistics: Statistics, environment: str) -> str:
    """Each model has its own episodes, so that its error is only comparable with that of saying on
    the same ones that nothing changes."""
    errors = [error for error in statistics.model_errors if error.environment == environment]
    shares, seeds = [], {}
    for item in errors:
        error, unchanged = item.fixed.error, item.fixed.unchanged.estimate
        if error.estimate is not None and unchanged:
            shares.append((item.algorithm, error.estimate / unchanged))
            seeds[item.algorithm] = (error.n, statistics.cell(environment, item.algorithm).n)
    if not shares:
        return ""
    ahead = count_of(errors[0].fixed.horizon, "step")
    fewer = [
        f"{short_name(name)} on {n} of {count_of(all_n, 'seed')}"
        for name, (n, all_n) in seeds.items()
        if n < all_n
    ]
    known = f" ({joined(fewer)})" if fewer else ""
    ranked = _ranked(shares, lambda share: f"{number(100 * share)}%")
    return f"error {ahead} ahead, as a share of that of “nothing changes”: {ranked}{known}"


def _logged(statistics: Statistics, environment: str, metrics: Sequence[str]) -> list[LoggedChange]:
    """The changes of these metrics on a task, in the order of the metrics."""
    mine = [change for change in statistics.logged if change.environment == environment]
    return [change for metric in metrics for change in mine if change.metric == metric]


OVER_TASKS: dict[str, Callable[[Statistics], str]] = {
    "differences": _differences,
    "profiles": _solved,
    "efficiency": _efficiency,
    "improvement": _improvement,
    "cost": _cost,
    "throughput": _throughput,
}
OF_TASK: dict[str, Callable[[Statistics, str], str]] = {
    "learning": _learning,
    "coverage-map": _coverage,
    "coverage-curve": _coverage,
    "open-loop": _models,
    "predictions": _models,
}
OF_LOGS: dict[str, Callable[[Sequence[LoggedChange]], str]] = {
    "model-losses": each_change,
    "internals": largest_change,
}
