"""Aggregates over all tasks: interval plots, performance profiles, probability of improvement."""

from collections.abc import Callable

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from reporting.figures.drawing.style import Plot, colour, drawing, marker, rows_legend, svg_text
from reporting.figures.plots.curves import draw_band
from reporting.inference.intervals import Interval
from reporting.over_tasks.aggregates import AlgorithmAggregate, Group
from reporting.statistics.analysis import Statistics
from reporting.text import broken, count_of, display_name, score, short_name, slug

QUANTITIES: dict[str, Callable[[AlgorithmAggregate], Interval]] = {
    "mean": lambda item: item.mean,
    "interquartile mean": lambda item: item.interquartile_mean,
    "area under the curve": lambda item: item.area,
}
LEAST_SPAN = 0.3
GROUP_TITLES = {"all": "All tasks", "sparse": "Sparse reward", "dense": "Dense reward"}


def group_titles(statistics: Statistics) -> dict[str, str]:
    """The title of each group; "all" is said only where no task is left out by its scores."""
    if statistics.without_reference:
        return GROUP_TITLES | {"all": "Tasks with a reference"}
    return GROUP_TITLES


def aggregate_plot(statistics: Statistics, quantity: str) -> tuple[Plot, str]:
    """One aggregate quantity (a key of QUANTITIES) of every algorithm, for every group of tasks."""
    algorithms, groups = list(statistics.algorithms), statistics.groups
    titles = group_titles(statistics)
    description = _aggregate_description(groups, quantity, titles)
    rows = len(groups[0].algorithms)
    name = f"aggregate-{slug(quantity)}"
    with drawing(2.7, 0.6 + len(groups) * (0.3 + 0.22 * rows)) as figure:
        grid = figure.subplots(len(groups), 1, squeeze=False, sharex=True)[:, 0]
        for group, axes in zip(groups, grid, strict=True):
            for height, item in enumerate(reversed(group.algorithms)):
                _draw_interval(axes, height, item.algorithm, QUANTITIES[quantity](item), algorithms)
            labels = [broken(short_name(item.algorithm)) for item in reversed(group.algorithms)]
            axes.set_yticks(range(rows), labels)
            axes.set_ylim(-0.6, rows - 0.4)
            axes.grid(visible=False, axis="y")
            axes.grid(visible=True, axis="x")
            axes.xaxis.set_major_locator(MaxNLocator(4))
            axes.set_title(f"{titles[group.name]} ({len(group.environments)})", size=9)
        _widen(grid[-1])
        grid[-1].set_xlabel(quantity)
        text = svg_text(figure, name, description)
    return Plot(f"{name}.svg", "aggregate", None, description, (quantity,)), text


def _draw_interval(
    axes: Axes, height: float, algorithm: str, interval: Interval, algorithms: list[str]
) -> None:
    shade = colour(algorithm, algorithms)
    if interval.low is not None and interval.high is not None:
        axes.plot(
            (interval.low, interval.high), (height, height), color=shade, linewidth=5, alpha=0.35
        )
    if interval.estimate is not None:
        shape = marker(algorithm, algorithms)
        axes.plot(interval.estimate, height, shape, color=shade, markersize=5.5, clip_on=False)


def _widen(axes: Axes) -> None:
    """At least LEAST_SPAN of score, so that small differences look small."""
    low, high = axes.get_xlim()
    missing = max(0.0, LEAST_SPAN - (high - low)) / 2
    axes.set_xlim(low - missing, high + missing)


def _aggregate_description(groups: tuple[Group, ...], quantity: str, titles: dict[str, str]) -> str:
    parts = []
    for group in groups:
        values = [
            f"{display_name(item.algorithm)} {score(QUANTITIES[quantity](item).estimate)}"
            for item in group.algorithms
        ]
        tasks = count_of(len(group.environments), "task")
        parts.append(f"{titles[group.name]}, {tasks}: {', '.join(values)}")
    return f"{quantity.capitalize()} of the normalised score. {'; '.join(parts)}."


def shown_groups(statistics: Statistics) -> tuple[Group, ...]:
    """The sparse and the dense tasks, or all where there is one kind."""
    return statistics.groups[1:] or statistics.groups


def profiles_plot(statistics: Statistics) -> tuple[Plot, str]:
    """The share of runs above each normalised score, for each group of tasks."""
    algorithms, groups = list(statistics.algorithms), shown_groups(statistics)
    titles = group_titles(statistics)
    parts = []
    for group in groups:
        halves = [
            f"{display_name(each.algorithm)} {each.solved.count} of {each.solved.n} runs"
            for each in group.algorithms
        ]
        parts.append(f"{titles[group.name]}: {', '.join(halves)}")
    description = (
        "Performance profile: the share of runs whose normalised score is above each threshold. "
        f"At least one half: {'; '.join(parts)}."
    )
    with drawing(4.4, 0.5 + 2.4 * len(groups)) as figure:
        grid = figure.subplots(len(groups), 1, squeeze=False)[:, 0]
        for group, axes in zip(groups, grid, strict=True):
            for algorithm, band in group.profiles.items():
                draw_band(axes, band, colour(algorithm, algorithms), short_name(algorithm))
            axes.yaxis.set_major_formatter(PercentFormatter(1.0))
            axes.set_ylim(0, 1.02)
            axes.set_xlim(left=0)
            axes.set_ylabel("runs above it")
            if len(groups) > 1:
                axes.set_title(f"{titles[group.name]} ({len(group.environments)})", size=9)
        grid[-1].set_xlabel("normalised score")
        rows_legend(grid[0])
        text = svg_text(figure, "profiles", description)
    return Plot("profiles.svg", "profiles", None, description), text


def improvement_plot(statistics: Statistics) -> tuple[Plot, str]:
    """The probability that a run of one algorithm scores above a run of another, by group."""
    groups, titles = shown_groups(statistics), group_titles(statistics)
    parts = [
        f"{titles[group.name]}, {display_name(pair.first)} above {display_name(pair.second)} "
        f"{score(pair.probability_of_improvement.estimate)}"
        for group in groups
        for pair in group.pairs
    ]
    description = f"Probability of improvement. {'; '.join(parts)}."
    rows = max(len(group.pairs) for group in groups)
    with drawing(4.4, 0.5 + (0.3 + 0.27 * rows) * len(groups)) as figure:
        grid = figure.subplots(len(groups), 1, squeeze=False, sharex=True)[:, 0]
        for group, axes in zip(groups, grid, strict=True):
            _draw_chances(axes, group, list(statistics.algorithms))
            if len(groups) > 1:
                axes.set_title(f"{titles[group.name]} ({len(group.environments)})", size=9)
        grid[-1].set_xlabel("probability that the first scores higher")
        text = svg_text(figure, "improvement", description)
    return Plot("improvement.svg", "improvement", None, description), text


def _draw_chances(axes: Axes, group: Group, algorithms: list[str]) -> None:
    for height, pair in enumerate(reversed(group.pairs)):
        _draw_interval(axes, height, pair.first, pair.probability_of_improvement, algorithms)
    labels = [f"{short_name(p.first)} > {short_name(p.second)}" for p in reversed(group.pairs)]
    axes.set_yticks(range(len(group.pairs)), labels)
    axes.set_ylim(-0.6, len(group.pairs) - 0.4)
    axes.set_xlim(0, 1)
    axes.axvline(0.5, color="#808080", linewidth=0.9, zorder=0)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
