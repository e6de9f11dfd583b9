"""The figures of what happened inside the runs."""

import pytest

from reporting.figures.logged_changes import largest_change
from reporting.figures.plots.training import MOST_METRICS, split_metrics
from reporting.per_task.logged_metrics import LoggedChange


@pytest.mark.parametrize(
    ("metrics", "sizes"), [(0, []), (1, [1]), (12, [12]), (13, [8, 5]), (26, [10, 10, 6])]
)
def test_no_metric_is_left_alone_in_a_figure(metrics: int, sizes: list[int]) -> None:
    names = [str(place) for place in range(metrics)]
    parts = split_metrics(names)
    assert [len(part) for part in parts] == sizes
    assert [name for part in parts for name in part] == names
    assert all(size <= MOST_METRICS for size in sizes)


def test_what_does_not_change_is_not_called_a_change() -> None:
    same = LoggedChange("A-v0", "mbpo", "rollout_length", 1.0, 1.0, None)
    assert largest_change([same]) == "rollout length (MBPO) ends at 1.00 as it began"
