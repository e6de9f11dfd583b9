"""Pairs of algorithms on single tasks: score, unit, and the family of the correction."""

import numpy as np
import pytest

from reporting.per_task.comparison import (
    BETTER,
    NO_DIFFERENCE,
    NOT_ENOUGH_SEEDS,
    compare_all,
)
from reporting.per_task.scores import SeedScores
from reporting.tables.task_facts import TaskFacts

PAIRS = [("b", "a"), ("c", "a"), ("c", "b")]
APART = {"a": np.arange(5.0), "b": 10 + np.arange(5.0), "c": 20 + np.arange(5.0)}
SMALLEST_P = 2 / 252  # of five and five


def scores_of(final):
    """Scores of five seeds, with all others different from the final score."""
    other = np.full(5, -77.0)
    steps, curve = np.array([0.0, 1.0]), np.tile(other[:, None], 2)
    return SeedScores((0, 1, 2, 3, 4), final, other, steps, curve, other, other)


def facts_of(task, random=-5.0, reference=15.0):
    empty = (0.0, 0.0)
    return TaskFacts(task, 100, True, "", "", True, random, reference, "", ("", ""), empty, empty)


def compared(finals, tasks):
    scores = {(t, name): scores_of(final) for t in tasks for name, final in finals.items()}
    return compare_all(scores, {task: facts_of(task) for task in tasks}, PAIRS)


def test_differences_are_of_final_scores_in_returns_and_normalised():
    first = compared(APART, ["x"])[0]
    assert (first.first, first.second) == ("b", "a")
    assert first.difference_in_return.estimate == pytest.approx(10.0)
    assert first.difference.estimate == pytest.approx(10.0 / 20.0)
    assert first.difference.high == pytest.approx(first.difference_in_return.high / 20.0)


def test_one_correction_spans_all_pairs_and_tasks():
    two = compared(APART, ["x", "y"])
    assert [one.p for one in two] == pytest.approx([SMALLEST_P] * 6)
    assert [one.p_holm for one in two] == pytest.approx([6 * SMALLEST_P] * 6)
    assert {one.verdict for one in two} == {BETTER}
    assert {one.verdict for one in compared(APART, ["x", "y", "z"])} == {NOT_ENOUGH_SEEDS}


def test_no_difference_is_said_only_where_one_could_have_been_shown():
    mixed = APART | {"b": APART["a"] + 0.5}
    for tasks, verdict in ((["x", "y"], NO_DIFFERENCE), (["x", "y", "z"], NOT_ENOUGH_SEEDS)):
        assert compared(mixed, tasks)[0].verdict == verdict
