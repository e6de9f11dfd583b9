"""The title of each figure: what it shows, in numbers of statistics.json."""

from collections.abc import Callable, Mapping, Sequence

from reporting.figures.drawing.style import Plot
from reporting.figures.logged_changes import (
    MOST_NAMED,
    alike,
    each_change,
    largest_change,
)
from reporting.figures.plots.aggregates import QUANTITIES, shown_groups
from reporting.over_tasks.aggregates import Group
from reporting.per_task.logged_metrics import LoggedChange
from reporting.per_task.model_errors import HorizonError, ModelErrors
from reporting.statistics.analysis import Statistics
from reporting.text import (
    count_of,
    display_name,
    joined,
    number,
    score,
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


def ranked(values: Sequence[tuple[str, float]], written: Callable[[float], str]) -> str:
    """`Plan2Explore 261, MBPO 0.00 and SAC 0.00`; of many algorithms the first and the last, with
    those that read the same."""
    ordered = [(name, written(value)) for name, value in sorted(values, key=lambda item: -item[1])]
    if len(ordered) <= MOST_NAMED:
        return joined([f"{short_name(name)} {value}" for name, value in ordered])
    most, least = ordered[0][1], ordered[-1][1]
    if most == least:
        return f"all {most}"
    return f"{alike(ordered, most)} {most} is the most, {alike(ordered, least)} {least} the least"


def _share(value: float) -> str:
    return f"{value:.0%}"


def _differences(statistics: Statistics) -> str:
    group = first_group(statistics)
    clauses = [c for c in statistics.headline.clauses if c.group == group.name]
    known = [(c.rival, c.difference.estimate) for c in clauses if c.difference.estimate is not None]
    shown = [f"{score(value, signed=True)} against {short_name(name)}" for name, value in known]
    leader = display_name(statistics.headline.leader)
    if len(shown) > MOST_NAMED:
        low, high = (score(end(v for _, v in known), signed=True) for end in (min, max))
        return f"{leader} over {_tasks(group)}: {low} to {high} against {len(shown)} others"
    return f"{leader} over {_tasks(group)}: {joined(shown)}"


def _solved(statistics: Statistics) -> str:
    group = first_group(statistics)
    shares = [(each.algorithm, each.solved.count / each.solved.n) for each in group.algorithms]
    return f"Runs that solve their task, of {_tasks(group)}: {ranked(shares, _share)}"


def _efficiency(statistics: Statistics) -> str:
    half = [
        (name, band.estimate[len(band.grid) // 2])
        for name, band in statistics.sample_efficiency.items()
    ]
    return f"Interquartile mean after half of the steps: {ranked(half, score)}"


def _improvement(statistics: Statistics) -> str:
    group, leader = first_group(statistics), statistics.headline.leader
    chances = [
        (pair.second, pair.probability_of_improvement.estimate or 0.0)
        for pair in group.pairs
        if pair.first == leader
    ]
    shown = [f"{score(value)} against {short_name(name)}" for name, value in chances]
    if len(shown) > MOST_NAMED:
        low, high = (score(end(v for _, v in chances)) for end in (min, max))
        shown = [f"{low} to {high} against {len(chances)} others"]
    chance = f"Chance that a run of {display_name(leader)} scores higher, over {_tasks(group)}"
    return f"{chance}: {joined(shown)}"


def _aggregate(statistics: Statistics, plot: Plot) -> str:
    group = first_group(statistics)
    quantity = next(name for name in QUANTITIES if plot.file == f"aggregate-{slug(name)}.svg")
    values = [
        (each.algorithm, QUANTITIES[quantity](each).estimate or 0.0) for each in group.algorithms
    ]
    return f"{quantity.capitalize()} over {_tasks(group)}: {ranked(values, score)}"


def _cost(statistics: Statistics) -> str:
    hours = [
        (total.algorithm, total.hours)
        for total in statistics.cost_totals
        if total.hours is not None
    ]
    return f"Hours of all runs together: {ranked(hours, number)}"


def _throughput(statistics: Statistics) -> str:
    most: dict[str, float] = {}
    for cost in statistics.costs:
        if cost.updates_per_second is not None:
            most[cost.algorithm] = max(most.get(cost.algorithm, 0.0), cost.updates_per_second)
    return f"Updates a second, at most: {ranked(list(most.items()), number)}"


def _learning(statistics: Statistics, environment: str) -> str:
    ends = [
        (cell.algorithm, cell.final.estimate)
        for cell in statistics.cells
        if cell.environment == environment and cell.final.estimate is not None
    ]
    scale = statistics.scale(environment)
    return ranked(ends, lambda value: number(value, scale=scale))


def _coverage(statistics: Statistics, environment: str) -> str:
    ends = [
        (curve.algorithm, curve.mean[-1])
        for curve in statistics.coverage_curves
        if curve.environment == environment
    ]
    shares = ranked(ends, _share)
    if len(ends) > MOST_NAMED:
        return f"share of the map visited: {shares}"
    return f"{shares} of the map visited"


def _models(statistics: Statistics, environment: str) -> str:
    """Of the horizon in the middle, over which the figure draws the error over steps."""
    errors = [item for item in statistics.model_errors if item.environment == environment]
    shares = _shares_of_unchanged(statistics, {item: item.fixed for item in errors})
    ahead = count_of(errors[0].fixed.horizon, "step") if errors else ""
    return f"error {ahead} ahead, as {shares}" if shares else ""


def _predictions(statistics: Statistics, environment: str) -> str:
    """Of the last step that is predicted, over all held-out episodes."""
    errors = [item for item in statistics.model_errors if item.environment == environment]
    shares = _shares_of_unchanged(statistics, {item: item.last[-1] for item in errors})
    steps = count_of(errors[0].last[-1].horizon, "predicted step") if errors else ""
    return f"error after all {steps}, as {shares}" if shares else ""


def _shares_of_unchanged(statistics: Statistics, errors: Mapping[ModelErrors, HorizonError]) -> str:
    """Each model has its own episodes, so that its error is only comparable with that of saying on
    the same ones that nothing changes."""
    shares, seeds = [], {}
    for item, at_horizon in errors.items():
        error, unchanged = at_horizon.error, at_horizon.unchanged.estimate
        if error.estimate is not None and unchanged:
            shares.append((item.algorithm, error.estimate / unchanged))
            of = statistics.cell(item.environment, item.algorithm).n
            seeds[item.algorithm] = (error.n, of)
    if not shares:
        return ""
    fewer = [
        f"{short_name(name)} on {n} of {count_of(all_n, 'seed')}"
        for name, (n, all_n) in seeds.items()
        if n < all_n
    ]
    known = f" ({joined(fewer)})" if fewer else ""
    by_size = ranked(shares, lambda share: f"{number(100 * share)}%")
    return f"a share of that of “nothing changes”: {by_size}{known}"


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
    "predictions": _predictions,
}
OF_LOGS: dict[str, Callable[[Sequence[LoggedChange]], str]] = {
    "model-losses": each_change,
    "internals": largest_change,
}
