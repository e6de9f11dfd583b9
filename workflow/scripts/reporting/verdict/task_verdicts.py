"""The first sentence of a report without aggregates: what the tests show task by task."""

from collections.abc import Sequence

from reporting.per_task.comparison import BETTER, NOT_ENOUGH_SEEDS, WORSE, Comparison
from reporting.tables.task_facts import TaskFacts
from reporting.text import SUBJECT, count_of, display_name, joined, size_range

NAMED = 3  # tasks; the names of more would hide the verdict
TESTS = "exact rank tests of returns after Holm's correction"


def left_out_sentence(facts: dict[str, TaskFacts]) -> str:
    """Which tasks no aggregate contains, and why; empty where all returns can be normalised."""
    names = [fact.name for fact in facts.values() if fact.ends is None]
    if not names:
        return ""
    what = joined(names) if len(names) <= NAMED else f"{len(names)} tasks"
    return f"Left out, because a random or a reference score is not known: {what}."


def task_by_task_sentence(
    facts: dict[str, TaskFacts], comparisons: Sequence[Comparison]
) -> str | None:
    """The subject's tests on tasks without normalised scores; None where there are no tests."""
    tests = [
        test
        for test in comparisons
        if test.first == SUBJECT and test.p is not None and facts[test.environment].ends is None
    ]
    if not tests:
        return None
    normalised = any(fact.ends for fact in facts.values())
    reason = (
        "No task with a random and a reference score has a usable run of every algorithm"
        if normalised
        else "No task has a random and a reference score"
    )
    sizes = [n for test in tests for n in (test.n_first, test.n_second)]
    seeds = size_range(min(sizes), max(sizes), "seed")
    ending = f"({TESTS}, n = {seeds} per task and algorithm)"
    return f"{reason}: there is no verdict over several tasks. {_verdicts(tests)} {ending}."


def _verdicts(tests: list[Comparison]) -> str:
    if all(test.verdict == NOT_ENOUGH_SEEDS for test in tests):
        return "Not enough seeds for a verdict on any single task"
    parts = []
    for rival in dict.fromkeys(test.second for test in tests):
        mine = [test.verdict for test in tests if test.second == rival]
        better, worse = mine.count(BETTER), mine.count(WORSE)
        parts.append(
            f"higher than that of {display_name(rival)} on {better or 'none'} of "
            f"{count_of(len(mine), 'task')} and lower on {worse or 'none'}"
        )
    return f"Task by task, the return of {display_name(SUBJECT)} is shown to be {'; '.join(parts)}"
