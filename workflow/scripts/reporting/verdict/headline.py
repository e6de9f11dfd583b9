"""The report's result in a few sentences, composed from the numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

from reporting.inference.intervals import Interval
from reporting.inference.rank_test import holm
from reporting.over_tasks.aggregates import Group, PairAggregate
from reporting.over_tasks.steps_to_match import StepsToMatch
from reporting.per_task.comparison import ALPHA, Comparison
from reporting.tables.task_facts import TaskFacts
from reporting.text import (
    SUBJECT,
    count_of,
    display_name,
    joined,
    p_value,
    score,
    short_name,
    size_range,
)
from reporting.verdict.task_verdicts import left_out_sentence, task_by_task_sentence
from reporting.verdict.verdict_words import (
    BEATS,
    EFFECTS,
    NO_DIFFERENCE,
    NO_HARM,
    NOT_ENOUGH,
    WORSE,
    changes_words,
    group_verdict_words,
    matched_words,
    solved_words,
)
from suites.variants import base_algorithm

VERDICTS = (BEATS, WORSE, NO_DIFFERENCE, NOT_ENOUGH)
UNDECIDED = "Not enough seeds for a verdict"


@dataclass(frozen=True)
class Clause:
    """One verdict of the sentence: the leader against one rival on one group of tasks.

    difference: of the mean normalised scores. p_holm: of the permutation test of that difference,
    after Holm's correction over all verdicts of the sentence.
    """

    group: str
    environments: tuple[str, ...]
    rival: str
    verdict: str
    difference: Interval
    p_holm: float | None


@dataclass(frozen=True)
class Headline:
    """The answer, and the clauses it is made of.

    leader: the algorithm that it is about, Plan2Explore where the suite runs it. sentence: the
    whole answer. verdict: its beginning, which answers the suite's question in plain words; empty
    where the sentence does so by itself.
    """

    leader: str
    verdict: str
    sentence: str
    clauses: tuple[Clause, ...]


def group_verdict(pair: PairAggregate, p_holm: float | None, family: int) -> str:
    """The result of the corrected permutation test in words, from the subject's point of view.

    Args:
        family: how many tests were corrected for. If even runs without any overlap could not pass,
            there are too few seeds, which is not to say that there is no difference.
    """
    if p_holm is None or pair.difference.estimate is None:
        return NOT_ENOUGH
    if p_holm <= ALPHA:
        return BEATS if pair.difference.estimate > 0 else WORSE
    return NOT_ENOUGH if pair.smallest_p * family > ALPHA else NO_DIFFERENCE


def headline(
    groups: list[Group],
    algorithms: list[str],
    facts: dict[str, TaskFacts],
    comparisons: list[Comparison],
    matches: Sequence[StepsToMatch] = (),
) -> Headline:
    """The answer over the sparse and the dense tasks, or over all where there is one kind.

    Tasks without normalised scores are in no group: it names them, and where there is no other
    task, it counts the tests of single tasks.

    Args:
        matches: said of a suite without Plan2Explore, which asks how fast its last algorithm is.
    """
    leader = SUBJECT if SUBJECT in algorithms else algorithms[-1]
    shown = groups[1:] or groups
    clauses = _clauses(shown, leader)
    if not clauses:
        missing = (
            f"{display_name(leader)} and another algorithm have no usable runs on a common task"
        )
        by_task = task_by_task_sentence(facts, comparisons)
        return Headline(leader, "", by_task or f"{missing}: there is no answer yet.", ())
    alone = only_variants(algorithms)
    undecided = all(clause.verdict == NOT_ENOUGH for clause in clauses)
    verdict = UNDECIDED if undecided else _verdict(shown, leader, clauses, alone)
    if mine := [match for match in matches if match.first == leader != SUBJECT]:
        verdict = f"{matched_words(mine, facts)}; {verdict[:1].lower()}{verdict[1:]}"
    numbers = _numbers_words(shown, leader, facts, clauses, alone)
    sentences = [
        f"{verdict}.",
        solved_words(shown[0], leader, facts),
        f"{numbers} ({_ending(shown, leader, alone)}).",
        left_out_sentence(facts),
    ]
    return Headline(leader, f"{verdict}.", " ".join(filter(None, sentences)), clauses)


def _verdict(shown: Sequence[Group], leader: str, clauses: Sequence[Clause], alone: bool) -> str:
    """What the clauses amount to, in plain words."""
    found = {
        group.name: [(c.rival, c.verdict) for c in clauses if c.group == group.name]
        for group in shown
    }
    if alone:
        return "; ".join(changes_words(found[group.name]) for group in shown)
    first, *others = [group_verdict_words(group, leader, found[group.name]) for group in shown]
    after = [words.replace("where rewards are", "where they are", 1) for words in others]
    return _capitalised("; ".join([first, *after]))


def _numbers_words(
    shown: Sequence[Group],
    leader: str,
    facts: dict[str, TaskFacts],
    clauses: Sequence[Clause],
    alone: bool,
) -> str:
    """The clauses with their numbers, group by group."""
    undecided = all(clause.verdict == NOT_ENOUGH for clause in clauses)
    words = _undecided_words if undecided else _effect_words if alone else _group_words
    parts = [
        words(_place(group, facts), leader, [c for c in clauses if c.group == group.name])
        for group in shown
    ]
    return _capitalised("; ".join(parts))


def _ending(shown: Sequence[Group], leader: str, alone: bool) -> str:
    sizes = size_range(min(g.smallest_n for g in shown), max(g.largest_n for g in shown), "seed")
    if alone:
        return (
            f"{display_name(leader)}'s mean normalised score minus its variant's, "
            f"n = {sizes} per task and case"
        )
    return f"differences of the mean normalised score, n = {sizes} per task and algorithm"


def only_variants(algorithms: Sequence[str]) -> bool:
    """Whether the subject is compared with variants of itself only."""
    return len(algorithms) > 1 and all(base_algorithm(case) == SUBJECT for case in algorithms)


def _clauses(groups: Sequence[Group], leader: str) -> tuple[Clause, ...]:
    """The verdicts on the leader; one Holm correction spans them all."""
    tests = [(group, pair) for group in groups for pair in group.pairs if pair.first == leader]
    found = [place for place, (_, pair) in enumerate(tests) if pair.p is not None]
    corrected = dict(zip(found, holm([tests[place][1].p or 0.0 for place in found]), strict=True))
    return tuple(
        Clause(
            group.name,
            group.environments,
            pair.second,
            group_verdict(pair, corrected.get(place), len(found)),
            pair.difference,
            corrected.get(place),
        )
        for place, (group, pair) in enumerate(tests)
    )


def _place(group: Group, facts: dict[str, TaskFacts]) -> str:
    """The number of tasks of a verdict; if it is not about all of them, also of how many."""
    kinds = {facts[environment].kind for environment in group.environments}
    unknown = sum(fact.ends is None and fact.kind in kinds for fact in facts.values())
    found, asked = len(group.environments), group.requested + unknown
    if found < asked:
        are = "is" if asked - found == 1 else "are"
        unfinished = ["not finished"] if found < group.requested else []
        why = " or ".join(unfinished + ["left out"] * bool(unknown))
        return f"over {found} of the {count_of(asked, group.noun)} (the rest {are} {why})"
    if found == 1:
        return f"on the one {group.noun}"
    return f"over the {count_of(found, group.noun)} together"


def _undecided_words(place: str, leader: str, clauses: list[Clause]) -> str:
    rivals = [
        f"{score(c.difference.estimate, signed=True)} ({_ends(c.difference)}) "
        f"against {short_name(c.rival)}"
        for c in clauses
    ]
    return f"{place} {display_name(leader)} stands at {joined(rivals)}"


def _group_words(place: str, leader: str, clauses: list[Clause]) -> str:
    verdicts = []
    for verdict in VERDICTS:
        same = [clause for clause in clauses if clause.verdict == verdict]
        if same:
            rivals = joined([f"{display_name(c.rival)} ({_numbers(c)})" for c in same])
            verdicts.append(f"{verdict} {rivals}")
    return f"{place} {display_name(leader)} {joined(verdicts)}"


def _effect_words(place: str, leader: str, clauses: list[Clause]) -> str:
    effects = []
    for verdict, words in EFFECTS.items():
        same = [clause for clause in clauses if clause.verdict == verdict]
        changes = joined([f"{short_name(c.rival)} ({_numbers(c)})" for c in same])
        if same:
            effects.append(f"{words}: {changes}")
        elif verdict == BEATS:
            effects.append(NO_HARM)
    return f"{place}, {'; '.join(effects)}"


def _numbers(clause: Clause) -> str:
    difference = f"{score(clause.difference.estimate, signed=True)}, {_ends(clause.difference)}"
    if clause.p_holm is None:
        return difference
    p = p_value(clause.p_holm)
    return f"{difference}, p {p if p.startswith('<') else f'= {p}'}"


def _ends(difference: Interval) -> str:
    if difference.low is None or difference.high is None:
        return "no interval available"
    low, high = score(difference.low, signed=True), score(difference.high, signed=True)
    return f"95% interval {low} to {high}"


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
