"""The answer in a few plain words: what stands before the numbers of the headline."""

from collections.abc import Sequence

from reporting.over_tasks.aggregates import Group
from reporting.over_tasks.steps_to_match import StepsToMatch
from reporting.tables.task_facts import TaskFacts
from reporting.text import SUBJECT, count_of, display_name, joined, short_name

BEATS, WORSE = "beats", "is worse than"
NO_DIFFERENCE = "makes no difference that these runs can show against"
NOT_ENOUGH = "has not enough seeds for a verdict against"
# Where all rivals are variants of the subject: the effect of their changes on it.
EFFECTS = {
    BEATS: "shown to make Plan2Explore worse",
    WORSE: "shown to make it better",
    NO_DIFFERENCE: "no difference that these runs can show",
    NOT_ENOUGH: "not enough seeds for a verdict",
}
NO_HARM = f"no change is {EFFECTS[BEATS]}"
WHERE = {
    "sparse task": "where rewards are rare",
    "dense task": "where rewards are frequent",
    "task": "over all tasks",
}
STANDING = {
    BEATS: "is ahead of {}",
    WORSE: "is behind {}",
    NO_DIFFERENCE: "is not shown to differ from {}",
    NOT_ENOUGH: "has too few seeds to be told from {}",
}


def group_verdict_words(group: Group, leader: str, verdicts: Sequence[tuple[str, str]]) -> str:
    """One group's verdicts: `where rewards are rare, curiosity pays`.

    Args:
        verdicts: (rival, verdict) of the leader against each rival.
    """
    where = WHERE[group.noun]
    if leader == SUBJECT and group.noun == "sparse task" and {v for _, v in verdicts} == {BEATS}:
        return f"{where}, curiosity pays"
    parts = []
    for verdict, words in STANDING.items():
        rivals = [display_name(rival) for rival, found in verdicts if found == verdict]
        if rivals:
            parts.append(words.format(joined(rivals)))
    return f"{where}, {display_name(leader)} {joined(parts)}"


def changes_words(verdicts: Sequence[tuple[str, str]]) -> str:
    """How many changes make the subject worse, and which."""
    worse = [short_name(case) for case, verdict in verdicts if verdict == BEATS]
    effect = "shown to make Plan2Explore worse"
    amount, of = len(verdicts), count_of(len(verdicts), "change")
    if not worse:
        none = {1: "The one change is not", 2: "Neither change is"}.get(amount, f"None of {of} is")
        return f"{none} {effect}"
    if len(worse) == amount:
        every = {1: "The one change is", 2: "Both changes are"}.get(amount, f"All {of} are")
        return f"{every} {effect}: {joined(worse)}"
    are = "is" if len(worse) == 1 else "are"
    return f"{len(worse)} of {of} {are} {effect}: {joined(worse)}"


def solved_words(group: Group, leader: str, facts: dict[str, TaskFacts]) -> str:
    """How many runs solve the tasks of a group; what nobody solves."""
    one = len(group.environments) == 1
    tasks = (
        f"the one {group.noun}" if one else f"the {count_of(len(group.environments), group.noun)}"
    )
    ordered = sorted(group.algorithms, key=lambda each: each.algorithm != leader)
    if not any(each.solved.count for each in ordered):
        return f"No run solves {tasks if one else f'one of {tasks}'}."
    sizes = {each.solved.n for each in ordered}
    counts = []
    for place, each in enumerate(ordered):
        verb = " solves" if place == 0 else ""
        of = "" if len(sizes) == 1 else f" of {each.solved.n}"
        counts.append(f"{short_name(each.algorithm)}{verb} {each.solved.count}{of}")
    runs = f"Of {count_of(min(sizes), 'run')} each on" if len(sizes) == 1 else "On"
    names = joined([facts[task].name for task in group.unsolved])
    return f"{runs} {tasks}, {joined(counts)}.{f' Nobody solves {names}.' if names else ''}"


def matched_words(matches: Sequence[StepsToMatch], facts: dict[str, TaskFacts]) -> str:
    """After which share of its steps one algorithm reaches the last return of another."""
    parts = []
    for match in matches:
        task = facts[match.environment].name
        share = "never" if match.share is None else f"after {match.share:.0%} of the steps"
        parts.append(f"on {task} {share}")
    first, second = display_name(matches[0].first), display_name(matches[0].second)
    return f"{first} reaches the last return of {second} {joined(parts)}"
