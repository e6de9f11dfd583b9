"""The few numbers that `dvc metrics` shows and compares: what metrics.json holds."""

import json

from reporting.statistics.analysis import Statistics


def metrics_of(statistics: Statistics) -> dict[str, dict[str, dict[str, float]] | dict[str, int]]:
    """Estimates without their intervals, which are in statistics.json.

    For each task the mean final return of each algorithm, for each group of tasks the mean
    normalised score, and the number of runs of each status. Entries without data are
    left out.
    """
    returns: dict[str, dict[str, float]] = {}
    for cell in statistics.cells:
        if cell.final.estimate is not None:
            returns.setdefault(cell.environment, {})[cell.algorithm] = cell.final.estimate
    scores = {
        group.name: {
            each.algorithm: each.mean.estimate
            for each in group.algorithms
            if each.mean.estimate is not None
        }
        for group in statistics.groups
    }
    return {
        "final return": returns,
        "mean normalised score": scores,
        "runs": statistics.run_counts,
    }


def as_json(statistics: Statistics) -> str:
    """The metrics as JSON text, in the suite's order, the same for the same numbers."""
    return json.dumps(metrics_of(statistics), indent=1, allow_nan=False) + "\n"
