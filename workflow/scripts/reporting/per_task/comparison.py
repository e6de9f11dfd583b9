"""Comparing two algorithms on one task: the size of the difference and its significance."""

from dataclasses import dataclass

from reporting.inference.bootstrap import superiority
from reporting.inference.intervals import Interval, welch_interval
from reporting.inference.rank_test import exact_rank_test, holm, smallest_p_value
from reporting.per_task.scores import SeedScores
from reporting.tables.task_facts import TaskFacts
from suites.variants import base_algorithm

ALPHA = 0.05
BETTER, WORSE, NO_DIFFERENCE = "better", "worse", "no difference shown"
NOT_ENOUGH_SEEDS = "not enough seeds"


@dataclass(frozen=True)
class Comparison:
    """`first` against `second` on one task.

    difference: mean normalised score of first minus that of second, Welch's interval; empty for a
    task without normalised scores.
    difference_in_return: the same in the task's own units.
    superiority: P(a seed of first scores above a seed of second), ties counting half.
    p: exact two-sided Mann-Whitney; p_holm: after Holm's correction over all comparisons.
    """

    environment: str
    first: str
    second: str
    n_first: int
    n_second: int
    difference: Interval
    difference_in_return: Interval
    superiority: float | None
    p: float | None
    p_holm: float | None
    verdict: str


Scores = dict[tuple[str, str], SeedScores]


def compare_all(
    scores: Scores, facts: dict[str, TaskFacts], pairs: list[tuple[str, str]]
) -> list[Comparison]:
    """Every pair of algorithms on every task; one Holm correction spans them all."""
    cases = [(environment, *pair) for environment in facts for pair in pairs]
    p_values = {}
    for environment, first, second in cases:
        one, two = scores[environment, first], scores[environment, second]
        if one.n and two.n:
            p_values[environment, first, second] = exact_rank_test(one.final, two.final)
    adjusted = dict(zip(p_values, holm(list(p_values.values())), strict=True))
    return [
        _compared(
            facts[case[0]], case, scores, p_values.get(case), adjusted.get(case), len(p_values)
        )
        for case in cases
    ]


def _compared(
    facts: TaskFacts,
    case: tuple[str, str, str],
    scores: Scores,
    p: float | None,
    p_holm: float | None,
    family: int,
) -> Comparison:
    environment, first, second = case
    one, two = scores[environment, first], scores[environment, second]
    in_return = welch_interval(one.final, two.final)
    return Comparison(
        environment=environment,
        first=first,
        second=second,
        n_first=one.n,
        n_second=two.n,
        difference=_normalised(in_return, facts),
        difference_in_return=in_return,
        superiority=float(superiority(one.final, two.final)) if one.n and two.n else None,
        p=p,
        p_holm=p_holm,
        verdict=verdict(one, two, p_holm, family),
    )


def _normalised(difference: Interval, facts: TaskFacts) -> Interval:
    if facts.ends is None:
        return Interval(None, None, None, 0)
    zero, one = facts.ends
    return difference.mapped(0.0, one - zero)


def verdict(one: SeedScores, two: SeedScores, p_holm: float | None, family: int) -> str:
    """The result of the corrected test in words, from the point of view of the first algorithm.

    If even two samples without overlap could not pass the corrected test, the verdict is that there
    are too few seeds, not that there is no difference.
    """
    if p_holm is None:
        return NOT_ENOUGH_SEEDS
    if p_holm <= ALPHA:
        return BETTER if superiority(one.final, two.final) > 0.5 else WORSE
    if smallest_p_value(one.n, two.n) * family > ALPHA:
        return NOT_ENOUGH_SEEDS
    return NO_DIFFERENCE


def algorithm_pairs(algorithms: list[str], subject: str) -> list[tuple[str, str]]:
    """Each pair once: the subject against every rival, then the later rivals against the earlier.

    A variant is compared with the subject and with its own algorithm only: nobody asks how it
    differs from anything else, and each further test makes Holm's correction stricter for all.

    Later against earlier, because suites list the simple baselines first: whether MBPO beats SAC is
    a natural question, the reverse is not.
    """
    rivals = [name for name in algorithms if name != subject]
    first = [(subject, rival) for rival in rivals] if subject in algorithms else []
    others = [(one, two) for place, one in enumerate(rivals) for two in rivals[:place]]
    return first + [pair for pair in others if _asked(*pair, algorithms)]


def _asked(one: str, two: str, algorithms: list[str]) -> bool:
    """Whether neither is a variant of another algorithm than the pair's that is compared itself."""
    bases = {base_algorithm(case) for case in (one, two) if base_algorithm(case) != case}
    return bases <= {one, two} or not bases & set(algorithms)
