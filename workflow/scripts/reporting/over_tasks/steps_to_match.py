"""How many steps one algorithm needs to reach the last return of another."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reporting.per_task.comparison import Scores


@dataclass(frozen=True)
class StepsToMatch:
    """The first evaluation at which the mean return of `first` is at least the last of `second`.

    steps: None where it never is. share: of the task's budget.
    """

    environment: str
    first: str
    second: str
    steps: int | None
    share: float | None


def steps_to_match(
    scores: Scores, budgets: dict[str, int], pairs: Sequence[tuple[str, str]]
) -> list[StepsToMatch]:
    """For each task, and each pair of algorithms with results on it."""
    found = []
    for task, budget in budgets.items():
        for first, second in pairs:
            one, two = scores[task, first], scores[task, second]
            if one.n and two.n:
                goal = np.nanmean(two.curve, axis=0)[-1]
                reached = one.steps[np.nanmean(one.curve, axis=0) >= goal]
                steps = int(reached[0]) if len(reached) else None
                share = None if steps is None else steps / budget
                found.append(StepsToMatch(task, first, second, steps, share))
    return found
