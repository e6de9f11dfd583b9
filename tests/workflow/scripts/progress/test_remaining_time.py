"""The arithmetic of the time that all runs still take."""

import pytest

from progress.remaining_time import Speeds, time_until_all


def test_a_speed_is_that_of_the_task_else_that_of_the_algorithm_else_unknown() -> None:
    speeds = Speeds()
    speeds.add("maze", "sac", 0.01)
    speeds.add("maze", "sac", 0.03)
    speeds.add("pendulum", "sac", 0.08)
    assert speeds.seconds("maze", "sac", 1000) == pytest.approx(20.0)
    assert speeds.seconds("pendulum", "sac", 1000) == pytest.approx(80.0)
    assert speeds.seconds("reacher", "sac", 1000) == pytest.approx(40.0)
    assert speeds.seconds("maze", "mbpo", 1000) is None


@pytest.mark.parametrize(
    ("active", "waiting", "at_once", "expected"),
    [
        ([], [], 1, 0.0),
        ([30.0, 10.0], [], 2, 30.0),
        ([], [10.0, 20.0, 30.0], 1, 60.0),
        # The second place is free after 10 s, again after 10 + 25 s.
        ([30.0, 10.0], [25.0, 5.0], 2, 35.0),
        ([30.0, 10.0], [25.0, 5.0, 50.0], 2, 85.0),
        # One of three places is free at once.
        ([30.0, 10.0], [40.0], 3, 40.0),
        # More runs at work than was known of.
        ([5.0, 6.0, 7.0], [1.0], 1, 7.0),
    ],
)
def test_a_waiting_run_starts_when_another_ends(
    active: list[float], waiting: list[float], at_once: int, expected: float
) -> None:
    assert time_until_all(active, waiting, at_once) == expected
