"""What world models know: open-loop errors, predictions beside the truth, losses over steps."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from reporting.figures.drawing.style import (
    INK,
    Plot,
    colour,
    drawing,
    legend_columns,
    rows_legend,
    svg_text,
)
from reporting.figures.plots.curves import steps_axis
from reporting.figures.plots.training import draw_metric
from reporting.inference.intervals import Interval
from reporting.per_task.logged_metrics import logged_metrics
from reporting.per_task.model_errors import ModelErrors
from reporting.statistics.analysis import Statistics
from reporting.tables.summary import Summary, select
from reporting.text import broken, display_name, number, short_name, slug

# Errors beyond this multiple of the baseline's are cut off, so that the baseline can be seen.
HEADROOM = 2.0
FEATURES = 3
MODEL_METRICS = ("disagreement", "holdout_loss")


def open_loop_plot(statistics: Statistics, environment: str) -> tuple[Plot, str] | None:
    """The error by horizon at the last evaluation, and over steps at the fixed horizon."""
    errors = [item for item in statistics.model_errors if item.environment == environment]
    if not errors:
        return None
    name, middle = f"open-loop-{slug(environment)}", errors[0].fixed.horizon
    description = _open_loop_description(errors, statistics.facts[environment].name)
    lines = -(-len(errors) // legend_columns([short_name(e.algorithm) for e in errors], 4.4, 4))
    with drawing(4.4, 2.3 + 0.2 * lines) as figure:
        left, right = figure.subplots(1, 2, sharey=True)
        for item in errors:
            shade = colour(item.algorithm, list(statistics.algorithms))
            horizons = [entry.horizon for entry in item.last]
            _draw(left, horizons, [e.error for e in item.last], shade, item.algorithm)
            unchanged = [entry.unchanged.estimate for entry in item.last]
            left.plot(horizons, unchanged, color=shade, linewidth=1.2, linestyle=(0, (3, 2)))
            steps = [entry.step for entry in item.over_steps]
            _draw(right, steps, [entry.error for entry in item.over_steps], shade, item.algorithm)
            base = item.fixed.unchanged.estimate
            if base is not None:
                right.axhline(base, color=shade, linewidth=1.2, linestyle=(0, (3, 2)))
        left.set_ylim(0, _top(errors))
        left.set_xlabel("steps ahead")
        left.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        left.set_ylabel("error (standard deviations)")
        steps_axis(right, f"environment steps ({middle} ahead)")
        right.xaxis.set_major_locator(MaxNLocator(3))
        right.set_xlim(0, statistics.budgets[environment])
        rows_legend(left)
        text = svg_text(figure, name, description)
    return Plot(f"{name}.svg", "open-loop", environment, description), text


def _draw(
    axes: Axes, at: Sequence[int], intervals: Sequence[Interval], shade: str, algorithm: str
) -> None:
    def column(values: list[float | None]) -> np.ndarray:
        return np.array([np.nan if value is None else value for value in values])

    estimate = column([interval.estimate for interval in intervals])
    low, high = (column([getattr(i, end) for i in intervals]) for end in ("low", "high"))
    axes.plot(at, estimate, color=shade, linewidth=2, label=short_name(algorithm))
    axes.fill_between(at, low, high, color=shade, alpha=0.18, linewidth=0)


def _top(errors: list[ModelErrors]) -> float:
    """The upper end of the axis of errors."""
    entries = [entry for item in errors for entry in item.last]
    baselines = [entry.unchanged.estimate or 0.0 for entry in entries]
    highest = [entry.error.estimate or 0.0 for entry in entries]
    highest += [e.error.estimate or 0.0 for item in errors for e in item.over_steps]
    top = max(*baselines, min(max(highest), HEADROOM * max(baselines) or max(highest)))
    return 1.08 * top or 1.0


def _open_loop_description(errors: list[ModelErrors], task: str) -> str:
    parts = [
        f"{display_name(item.algorithm)} {number(item.fixed.error.estimate)}, and "
        f"{number(item.fixed.unchanged.estimate)} if nothing is said to change"
        for item in errors
    ]
    return (
        f"Open-loop error of the world models on {task}, {errors[0].fixed.horizon} steps ahead at "
        f"the last evaluation, in standard deviations: {'; '.join(parts)}."
    )


def predictions_plot(
    statistics: Statistics, summary: Summary, environment: str
) -> tuple[Plot, str] | None:
    """The truth and the prediction of a few features, one line per model."""
    mine = summary.predictions[summary.predictions["environment"] == environment]
    algorithms = [a for a in statistics.algorithms if len(select(mine, environment, a))]
    if not algorithms:
        return None
    name = f"predictions-{slug(environment)}"
    task = statistics.facts[environment].name
    names = " and ".join(display_name(algorithm) for algorithm in algorithms)
    description = (
        f"Observations on {task} beside what the world model of {names} predicts open-loop from "
        "the first one, over the steps of one held-out episode."
    )
    features = shown_features(mine)
    with drawing(4.4, 0.45 + 1.15 * len(algorithms)) as figure:
        grid = figure.subplots(len(algorithms), len(features), squeeze=False, sharex=True)
        for line, algorithm in zip(grid, algorithms, strict=True):
            rows = first_segment(mine, environment, algorithm)
            shade = colour(algorithm, list(statistics.algorithms))
            for axes, feature in zip(line, features, strict=True):
                shown = rows[rows["feature"] == feature].sort_values("time")
                axes.plot(shown["time"], shown["truth"], color=INK, linewidth=1)
                axes.plot(shown["time"], shown["predicted"], color=shade, linewidth=1.8, alpha=0.9)
                axes.locator_params(nbins=3)
            line[0].set_ylabel(broken(short_name(algorithm)), size=8.5)
        for axes, feature in zip(grid[0], features, strict=True):
            axes.set_title(f"observation {feature}", size=8.5)
        figure.supxlabel("steps ahead", size=8.5)
        text = svg_text(figure, name, description)
    return Plot(f"{name}.svg", "predictions", environment, description), text


def shown_features(predictions: pd.DataFrame) -> list[int]:
    """Spaced evenly over the observation, so that nobody has picked the best-looking features."""
    features = sorted(set(predictions["feature"].astype(int)))
    places = np.unique(np.linspace(0, len(features) - 1, FEATURES).round().astype(int))
    return [features[place] for place in places]


def first_segment(predictions: pd.DataFrame, environment: str, algorithm: str) -> pd.DataFrame:
    """The predictions over the first held-out episode."""
    rows = select(predictions, environment, algorithm)
    first: pd.DataFrame = rows[rows["segment"] == rows["segment"].min()]
    return first


def model_losses_plot(
    statistics: Statistics, summary: Summary, environment: str
) -> tuple[Plot, str] | None:
    """The ensemble's disagreement, and the model's losses on held-out data, over steps."""
    logged = logged_metrics(summary, environment)
    metrics = [metric for metric in MODEL_METRICS if metric in logged]
    if not metrics:
        return None
    name = f"model-losses-{slug(environment)}"
    description = (
        f"{' and '.join(metric.replace('_', ' ') for metric in metrics).capitalize()} on "
        f"{statistics.facts[environment].name} over environment steps."
    )
    with drawing(4.4, 1.75) as figure:
        # Always two panels, so that a task with only one of them is drawn at the same size as the
        # others.
        grid = figure.subplots(1, 2)
        for axes in grid[len(metrics) :]:
            axes.set_visible(False)
        for axes, metric in zip(grid, metrics, strict=False):
            draw_metric(axes, statistics, summary, environment, metric)
            steps_axis(axes)
            axes.xaxis.set_major_locator(MaxNLocator(3))
            axes.set_xlim(0, statistics.budgets[environment])
        text = svg_text(figure, name, description)
    return Plot(f"{name}.svg", "model-losses", environment, description, tuple(metrics)), text
