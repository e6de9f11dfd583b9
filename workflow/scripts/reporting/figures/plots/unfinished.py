"""Evaluation returns of runs that have not finished, beside those that have."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from reporting.figures.drawing.style import colour, drawing, rows_legend, svg_text
from reporting.figures.plots.curves import PANEL, steps_axis
from reporting.per_task.scores import seed_step_table
from reporting.text import display_name, short_name, slug

Tables = Mapping[str, pd.DataFrame]


def unfinished_plot(
    environment: str, budget: int, finished: Tables, unfinished: Tables, algorithms: list[str]
) -> str:
    """The evaluation return of every seed over steps, as SVG: finished ones faint, others dashed.

    Args:
        budget: environment steps of a whole run.
        finished, unfinished: rows of evaluation.csv by algorithm.
    """
    names = [display_name(name) for name in algorithms if name in unfinished]
    description = (
        f"Evaluation returns on {environment} of runs that have not finished (dashed): "
        f"{', '.join(names)}. Finished runs are faint."
    )
    with drawing(*PANEL) as figure:
        axes = figure.subplots()
        for algorithm in algorithms:
            shade = colour(algorithm, algorithms)
            label: str | None = short_name(algorithm)
            for steps, returns in _lines(finished.get(algorithm)):
                axes.plot(steps, returns, color=shade, alpha=0.32, linewidth=0.7, label=label)
                label = None
            for steps, returns in _lines(unfinished.get(algorithm)):
                axes.plot(steps, returns, "--", color=shade, linewidth=1.4, label=label)
                axes.plot(steps[-1:], returns[-1:], "o", color=shade, markersize=4)
                label = None
        axes.set_xlim(0, budget)
        steps_axis(axes)
        rows_legend(axes)
        return svg_text(figure, f"unfinished-{slug(environment)}", description)


def _lines(table: pd.DataFrame | None) -> list[tuple[np.ndarray, np.ndarray]]:
    """Steps and mean returns of each seed."""
    if table is None or table.empty:
        return []
    by_seed = seed_step_table(table, "return")
    steps = np.asarray(by_seed.columns, dtype=np.float64)
    rows = by_seed.to_numpy(dtype=np.float64)
    return [(steps[np.isfinite(row)], row[np.isfinite(row)]) for row in rows]
