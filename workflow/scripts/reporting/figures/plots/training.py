"""What happened inside the runs: logged metrics as small multiples, and what the runs cost."""

import math
from collections.abc import Callable, Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, NullLocator

from reporting.figures.drawing.style import (
    NumberFormatter,
    Plot,
    colour,
    decades,
    drawing,
    svg_text,
)
from reporting.figures.plots.curves import steps_axis
from reporting.per_task.logged_metrics import TRAINING_RETURN, logged_metrics, metric_curves
from reporting.statistics.analysis import Statistics
from reporting.tables.costs import Cost
from reporting.tables.summary import Summary
from reporting.text import broken, display_name, number, slug

FIRST_METRICS = (TRAINING_RETURN, "world_loss", "intrinsic_reward", "alpha")
MOST_METRICS = 12  # in one figure
LONGEST_TITLE = 24  # letters in a line above a small panel: more would reach beyond it
THEN_METRICS = ("q_value", "actor_loss", "critic_loss")
COSTS: dict[str, tuple[str, Callable[[Cost], float | None]]] = {
    "seconds": ("wall-clock seconds a seed", lambda cost: cost.seconds_per_seed),
    "updates": ("updates a second", lambda cost: cost.updates_per_second),
}
# A loss that spans more than this factor is drawn on a logarithmic scale.
DECADES_FROM = 30.0
# These have figures of their own, among the world models.
ELSEWHERE = ("disagreement", "holdout_loss")


def internal_metrics(summary: Summary, environment: str) -> list[str]:
    """The metrics that some run of the task logged, those that explain most first."""
    logged = [name for name in logged_metrics(summary, environment) if name not in ELSEWHERE]
    preferred = [name for name in (*FIRST_METRICS, *THEN_METRICS) if name in logged]
    return preferred + [name for name in logged if name not in preferred]


def internals_plots(
    statistics: Statistics, summary: Summary, environment: str
) -> Iterator[tuple[Plot, str]]:
    """One small panel per metric: means over seeds with t intervals, within bins of steps.

    Many metrics are split into several figures, so that each fits onto a printed page.
    """
    for part, shown in enumerate(split_metrics(internal_metrics(summary, environment))):
        yield _internals_plot(statistics, summary, environment, shown, part)


def split_metrics(metrics: list[str]) -> list[list[str]]:
    """At most `MOST_METRICS` in a figure, and about as many in each: none is left alone."""
    figures = math.ceil(len(metrics) / MOST_METRICS)
    size = 2 * math.ceil(len(metrics) / (2 * max(1, figures)))  # whole rows of two
    return [metrics[first : first + size] for first in range(0, len(metrics), size or 1)]


def _internals_plot(
    statistics: Statistics, summary: Summary, environment: str, metrics: list[str], part: int
) -> tuple[Plot, str]:
    name = f"internals-{slug(environment)}-{part}"
    description = (
        f"Training on {statistics.facts[environment].name}, seen from inside: "
        f"{', '.join(metric.replace('_', ' ') for metric in metrics)} over environment steps."
    )
    lines = math.ceil(len(metrics) / 2)
    with drawing(4.4, 0.35 + 1.3 * lines) as figure:
        grid = figure.subplots(lines, 2, squeeze=False, sharex=True)
        for axes, metric in zip(grid.flat, metrics, strict=False):
            draw_metric(axes, statistics, summary, environment, metric)
            steps_axis(axes, "")
            axes.xaxis.set_major_locator(MaxNLocator(3))
            axes.set_xlim(0, statistics.budgets[environment])
        for axes in list(grid.flat)[len(metrics) :]:
            axes.set_visible(False)
            if lines > 1:  # the panel above it is the last of its column
                grid[-2, 1].tick_params(labelbottom=True)
        figure.supxlabel("environment steps", size=8.5)
        text = svg_text(figure, name, description)
    return Plot(f"{name}.svg", "internals", environment, description, tuple(metrics)), text


def draw_metric(
    axes: Axes, statistics: Statistics, summary: Summary, environment: str, metric: str
) -> None:
    """One metric of every algorithm that logged it: means over seeds with t intervals."""
    drawn_means = []
    for algorithm, drawn in metric_curves(summary, environment, metric).items():
        shade = colour(algorithm, list(statistics.algorithms))
        axes.plot(drawn["step"], drawn["mean"], color=shade, linewidth=1.5)
        axes.fill_between(
            drawn["step"], drawn["low"], drawn["high"], color=shade, alpha=0.16, linewidth=0
        )
        drawn_means.append(drawn["mean"].to_numpy())
    heights = np.concatenate([*drawn_means, np.ones(1 - bool(drawn_means))])
    if metric.endswith("_loss") and 0 < heights.min() < heights.max() / DECADES_FROM:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(decades())
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        # Scaled to the means: the wide intervals of two or three seeds would flatten all curves.
        margin = 0.35 * (heights.max() - heights.min()) or 1.0
        axes.set_ylim(heights.min() - margin, heights.max() + margin)
        axes.yaxis.set_major_formatter(NumberFormatter())
        if heights.min() == heights.max():
            axes.set_yticks(heights[:1])
    axes.set_title(broken(metric.replace("_", " "), LONGEST_TITLE), size=8.5)


def cost_plot(statistics: Statistics, quantity: str) -> tuple[Plot, str]:
    """Bars of one quantity of cost (a key of COSTS), by task and algorithm."""
    label, value_of = COSTS[quantity]
    costs, name = statistics.costs, f"cost-{slug(quantity)}"
    environments = list(dict.fromkeys(cost.environment for cost in costs))
    parts = [
        f"{display_name(cost.algorithm)} on {statistics.facts[cost.environment].name} "
        f"{number(value_of(cost))}"
        for cost in costs
    ]
    description = f"{label.capitalize()}: {'; '.join(parts)}."
    algorithms = list(statistics.algorithms)
    thickness = 0.78 / len(algorithms)
    with drawing(4.1, 0.8 + (0.12 + 0.07 * len(algorithms)) * len(environments)) as figure:
        axes = figure.subplots()
        for cost in costs:
            place = algorithms.index(cost.algorithm)
            y = -environments.index(cost.environment) + 0.39 - (place + 0.5) * thickness
            shade = colour(cost.algorithm, algorithms)
            axes.barh(y, value_of(cost) or 0.0, thickness * 0.86, color=shade, linewidth=0)
        names = [statistics.facts[environment].name for environment in environments]
        axes.set_yticks([-place for place in range(len(environments))], names)
        axes.grid(visible=False, axis="y")
        axes.grid(visible=True, axis="x")
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.xaxis.set_major_formatter(NumberFormatter())
        axes.set_xlabel(label)
        text = svg_text(figure, name, description)
    kind = "cost" if quantity == "seconds" else "throughput"
    return Plot(f"{name}.svg", kind, None, description, (quantity,)), text
