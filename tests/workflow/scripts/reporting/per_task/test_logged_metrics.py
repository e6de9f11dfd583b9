"""The ends of what runs log, on tables with answers computed by hand."""

import math
from types import SimpleNamespace
from typing import Any

import pandas as pd

from reporting.per_task.logged_metrics import LoggedChange, logged_changes


def changes(*rows: tuple[str, int, int, float]) -> list[LoggedChange]:
    """Of a task with 100 steps, thus bins of two, whose runs log only alpha, and no return."""
    losses = pd.DataFrame(rows, columns=["algorithm", "seed", "step", "alpha"])
    training = pd.DataFrame({"environment": [], "algorithm": [], "step": [], "return": []})
    summary: Any = SimpleNamespace(
        environments=["A-v0"],
        algorithms=["sac", "mbpo"],
        steps=lambda _: 100,
        losses=losses.assign(environment="A-v0"),
        training=training,
    )
    return list(logged_changes(summary))


def test_first_and_last_are_means_over_seeds():
    rows = [("sac", 0, 2, 1.0), ("sac", 1, 2, 3.0), ("sac", 0, 100, 5.0), ("sac", 1, 100, 7.0)]
    assert changes(*rows) == [LoggedChange("A-v0", "sac", "alpha", 2.0, 6.0, None)]


def test_a_curve_that_ends_early_says_where():
    rows = [("mbpo", 0, 2, 1.0), ("mbpo", 0, 50, 4.0), ("sac", 0, 2, 1.0), ("sac", 0, 95, 2.0)]
    found = {change.algorithm: change.until for change in changes(*rows)}
    assert found == {"sac": None, "mbpo": 49.0}


def test_what_was_never_finite_is_left_out():
    assert changes(("sac", 0, 2, math.inf), ("sac", 0, 100, math.nan)) == []
