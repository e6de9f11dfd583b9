"""When all runs will be trained, estimated from the measured speeds of those that are."""

import heapq
from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean


class Speeds:
    """Seconds that an environment step takes, by task and algorithm.

    A task on which an algorithm was not measured yet is given the mean of that algorithm on the
    others; an algorithm that was not measured yet has no speed.
    """

    def __init__(self) -> None:
        self._by_case: dict[tuple[str, str], list[float]] = defaultdict(list)
        self._by_algorithm: dict[str, list[float]] = defaultdict(list)

    def add(self, environment: str, algorithm: str, seconds_per_step: float) -> None:
        """One measured run."""
        self._by_case[environment, algorithm].append(seconds_per_step)
        self._by_algorithm[algorithm].append(seconds_per_step)

    def seconds(self, environment: str, algorithm: str, steps: int) -> float | None:
        """How long so many steps take; None without a basis."""
        measured = self._by_case.get((environment, algorithm)) or self._by_algorithm.get(algorithm)
        return steps * fmean(measured) if measured else None


def time_until_all(active: Sequence[float], waiting: Sequence[float], at_once: int) -> float:
    """Seconds until the last run ends, if each waiting run starts as soon as another has ended.

    Args:
        active: seconds that each run being trained still takes.
        waiting: seconds of each run that has not started, in the order of their start.
        at_once: runs that are trained at the same time, at least 1.
    """
    ends = [*active, *[0.0] * (at_once - len(active))]
    heapq.heapify(ends)
    for seconds in waiting:
        heapq.heapreplace(ends, ends[0] + seconds)
    return max(ends)
