"""Normalised scores, and what it is to solve a task."""

from collections.abc import Iterable, Sequence

import numpy as np

from reporting.inference.intervals import (
    Count,
    FloatArray,
    Interval,
    clopper_pearson,
    t_interval,
)
from reporting.per_task.comparison import Scores
from reporting.tables.task_facts import TaskFacts

# A run solves a task if its final normalised score is at least this: half of the way from the zero
# of the scale to the reference.
SOLVED = 0.5


def normalised(returns: FloatArray, facts: TaskFacts) -> FloatArray:
    """0 is the better of the random policy and doing nothing, 1 the reference score; values outside
    are kept.

    Raises ValueError where one of the two scores is unknown.
    """
    if facts.ends is None:
        raise ValueError(
            f"{facts.id}: returns cannot be normalised without a random and a reference score"
        )
    zero, one = facts.ends
    return (returns - zero) / (one - zero)


def return_interval(returns: FloatArray, facts: TaskFacts) -> Interval:
    """The t interval of the mean return of seeds, within the returns that the task allows."""
    return t_interval(returns).within(facts.return_range)


def normalised_interval(returns: FloatArray, facts: TaskFacts) -> Interval:
    """The same of the normalised score; empty where there is no such score."""
    if facts.ends is None:
        return t_interval([])
    zero, one = facts.ends
    return return_interval(returns, facts).mapped(zero, one - zero)


def scale_of_returns(reference: float | None, means: Iterable[float | None]) -> float:
    """The size of a task's returns, which decides how many of their digits are written: the largest
    of its mean returns and its reference score."""
    return max((abs(value) for value in (reference, *means) if value is not None), default=0.0)


def solved(scores: Sequence[FloatArray]) -> Count:
    """How many of these runs solve their task, given the normalised scores of each task's seeds."""
    runs = np.concatenate([*scores, np.empty(0)])
    return clopper_pearson(int(np.sum(runs >= SOLVED)), len(runs))


def with_reference(
    scores: Scores, facts: dict[str, TaskFacts]
) -> tuple[Scores, dict[str, TaskFacts]]:
    """The scores and facts of the tasks whose returns can be normalised: all that aggregates use.

    A probability of improvement compares runs within a task and would need no normalised score.
    It stands beside the differences of normalised scores, and is about the same tasks.
    """
    known = {environment: fact for environment, fact in facts.items() if fact.ends}
    return {case: cell for case, cell in scores.items() if case[0] in known}, known
