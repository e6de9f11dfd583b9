"""The tables that `dvc plots` draws: learning curves over all tasks, and differences by task."""

import pandas as pd

from reporting.statistics.analysis import Statistics
from reporting.text import SUBJECT
from runs.files import DIFFERENCES_PLOT, LEARNING_CURVES_PLOT


def plot_tables(statistics: Statistics) -> dict[str, pd.DataFrame]:
    """Each table by its file in the report's folder.

    A learning curve is the interquartile mean over all runs of the normalised return, by the share
    of a task's steps. A difference is the mean normalised final return of Plan2Explore on a task
    minus that of another algorithm.
    """
    points = [
        (algorithm, share, estimate)
        for algorithm, band in statistics.sample_efficiency.items()
        for share, estimate in zip(band.grid, band.estimate, strict=True)
    ]
    differences = [
        (f"{test.environment}, {test.second}", test.difference.estimate)
        for test in statistics.comparisons
        if test.first == SUBJECT and test.difference.estimate is not None
    ]
    curve_columns = ["algorithm", "share_of_budget", "normalised_return"]
    return {
        LEARNING_CURVES_PLOT: pd.DataFrame(points, columns=curve_columns),
        DIFFERENCES_PLOT: pd.DataFrame(differences, columns=["task_and_algorithm", "difference"]),
    }
