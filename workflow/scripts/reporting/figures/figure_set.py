"""Every figure of a report, and the index that tells the page which figure shows what."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

from program.atomic_file import replace_file
from reporting.figures.drawing.style import Plot
from reporting.figures.figure_data import figure_data
from reporting.figures.findings import finding
from reporting.figures.plots.aggregates import (
    QUANTITIES,
    aggregate_plot,
    improvement_plot,
    profiles_plot,
)
from reporting.figures.plots.coverage import coverage_maps
from reporting.figures.plots.curves import coverage_curve, learning_curve, sample_efficiency_plot
from reporting.figures.plots.differences import differences_plot
from reporting.figures.plots.model import model_losses_plot, open_loop_plot, predictions_plot
from reporting.figures.plots.training import COSTS, cost_plot, internals_plots
from reporting.statistics.analysis import Statistics, all_scores
from reporting.tables.summary import Summary

INDEX = "figures.json"


def draw_all(statistics: Statistics, summary: Summary) -> Iterator[tuple[Plot, str]]:
    """Each figure with its SVG text; a figure without data is left out."""
    if statistics.groups:
        if statistics.headline.clauses:
            yield differences_plot(statistics)
        if statistics.groups[0].pairs:
            yield improvement_plot(statistics)
        yield from (aggregate_plot(statistics, quantity) for quantity in QUANTITIES)
        yield profiles_plot(statistics)
        yield sample_efficiency_plot(statistics)
    scores = all_scores(summary)
    for environment in summary.environments:
        if any(curve.environment == environment for curve in statistics.learning_curves):
            yield learning_curve(statistics, scores, environment)
            yield from internals_plots(statistics, summary, environment)
            maps = coverage_maps(statistics, summary, environment)
            models = (
                open_loop_plot(statistics, environment),
                predictions_plot(statistics, summary, environment),
                model_losses_plot(statistics, summary, environment),
            )
            yield from (drawn for drawn in (maps, *models) if drawn is not None)
        if any(curve.environment == environment for curve in statistics.coverage_curves):
            yield coverage_curve(statistics, environment)
    if statistics.costs:
        yield from (cost_plot(statistics, quantity) for quantity in COSTS)


def write_figures(statistics: Statistics, summary: Summary, folder: Path) -> list[Plot]:
    """Write every figure with its data, and the index; delete what an earlier run left."""
    folder.mkdir(parents=True, exist_ok=True)
    plots = []
    for plot, text in draw_all(statistics, summary):
        replace_file(folder / plot.file, text.encode())
        data = figure_data(plot, statistics, summary)
        rows = data.to_csv(index=False, float_format="%.6g", lineterminator="\n")
        replace_file(folder / plot.data_file, rows.encode())
        plots.append(dataclasses.replace(plot, title=finding(statistics, plot)))
    kept = {file for plot in plots for file in (plot.file, plot.data_file)}
    for stale in (*folder.glob("*.svg"), *folder.glob("*.csv")):
        if stale.name not in kept:
            stale.unlink()
    index = [dataclasses.asdict(plot) for plot in plots]
    replace_file(folder / INDEX, (json.dumps(index, indent=1, sort_keys=True) + "\n").encode())
    return plots


def read_figures(folder: Path) -> list[tuple[Plot, str]]:
    """The figures that `write_figures` wrote into a folder, with their SVG text, in that order."""
    index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    plots = [Plot(**entry | {"shows": tuple(entry["shows"])}) for entry in index]
    return [(plot, (folder / plot.file).read_text(encoding="utf-8")) for plot in plots]
