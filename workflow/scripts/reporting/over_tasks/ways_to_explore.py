"""Which ways to explore solve a task, which of them is the cheapest, and what one change is worth.

For suites with variants of Plan2Explore's rivals.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reporting.inference.intervals import Interval, mean_welch_interval
from reporting.per_task.comparison import Scores
from reporting.per_task.normalisation import normalised, solved
from reporting.tables.costs import Cost
from reporting.tables.task_facts import TaskFacts
from reporting.text import SUBJECT, count_of, joined, size_range
from suites.variants import base_algorithm

CHEAPER, OTHERS, NOTHING = "cheaper", "others", "nothing"
NOT_WORTH_IT = "Curiosity in latent space solves nothing here that is not solved for less"


@dataclass(frozen=True)
class Way:
    """One case on one task.

    solved: how many of its n seeds solve the task. seconds: of training, a seed.
    """

    case: str
    solved: int
    n: int
    seconds: float | None

    @property
    def solves(self) -> bool:
        """Whether every seed does."""
        return self.n > 0 and self.solved == self.n


@dataclass(frozen=True)
class TaskWays:
    """The cases that have results on one task, in the suite's order.

    cheapest: the case that solves the task on every seed in the fewest seconds; None if none does.
    """

    environment: str
    ways: tuple[Way, ...]
    cheapest: str | None

    def way(self, case: str) -> Way | None:
        """The results of one case, None where it has none."""
        return next((way for way in self.ways if way.case == case), None)


@dataclass(frozen=True)
class Change:
    """What one change is worth: the mean normalised score with it minus that without it.

    For a variant of Plan2Explore, which lacks a part, `with_it` is Plan2Explore. tasks: those on
    which both cases have results.
    """

    with_it: str
    without_it: str
    difference: Interval
    tasks: int


def compares_ways(algorithms: Sequence[str]) -> bool:
    """Whether there are variants of rivals of Plan2Explore. The only variant beside Plan2Explore is
    one more rival, and no comparison of ways."""
    varied = [base_algorithm(case) for case in algorithms if case != base_algorithm(case)]
    enough = 2 if SUBJECT in algorithms else 1
    return len(varied) >= enough and set(varied) != {SUBJECT}


def ways_to_explore(
    scores: Scores, facts: dict[str, TaskFacts], costs: Sequence[Cost], algorithms: Sequence[str]
) -> list[TaskWays]:
    """The ways of every task with normalised scores."""
    seconds = {(cost.environment, cost.algorithm): cost.seconds_per_seed for cost in costs}
    found = []
    for task, fact in facts.items():
        if fact.ends is None:
            continue
        ways = tuple(
            Way(
                case,
                solved([normalised(scores[task, case].final, fact)]).count,
                scores[task, case].n,
                seconds.get((task, case)),
            )
            for case in algorithms
            if scores[task, case].n
        )
        found.append(TaskWays(task, ways, _cheapest(ways)))
    return found


def _cheapest(ways: Sequence[Way]) -> str | None:
    solving = [(way.seconds, way.case) for way in ways if way.solves and way.seconds is not None]
    return min(solving)[1] if solving else None


def total_seconds(ways: Sequence[TaskWays], case: str) -> float | None:
    """Training time of one seed of a case on all tasks together; None where one is not known."""
    found = [task.way(case) for task in ways]
    seconds = [way.seconds for way in found if way is not None and way.seconds is not None]
    return sum(seconds) if seconds and len(seconds) == len(ways) else None


def single_changes(
    scores: Scores, facts: dict[str, TaskFacts], algorithms: Sequence[str]
) -> list[Change]:
    """The worth of what each variant changes, over the tasks with normalised scores."""
    changes = []
    for variant in algorithms:
        base = base_algorithm(variant)
        if variant == base or base not in algorithms:
            continue
        one, two = (base, variant) if base == SUBJECT else (variant, base)
        pairs = [
            (normalised(scores[task, one].final, fact), normalised(scores[task, two].final, fact))
            for task, fact in facts.items()
            if fact.ends and scores[task, one].n and scores[task, two].n
        ]
        if pairs:
            changes.append(Change(one, two, mean_welch_interval(pairs), len(pairs)))
    return changes


def ways_sentence(ways: Sequence[TaskWays], facts: dict[str, TaskFacts]) -> str | None:
    """Whether Plan2Explore solves what no other algorithm solves for less; None without runs.

    In training time; an algorithm with a setting changed is another way of the same algorithm.
    """
    groups: dict[str, list[str]] = {SUBJECT: [], CHEAPER: [], OTHERS: [], NOTHING: []}
    sizes = []
    for task in ways:
        mine = task.way(SUBJECT)
        if mine is None:
            continue
        sizes += [way.n for way in task.ways]
        groups[_solver(task, mine)].append(facts[task.environment].name)
    if not sizes:
        return None
    solved, tasks = len(groups[SUBJECT] + groups[CHEAPER]), sum(map(len, groups.values()))
    parts = [
        f"Plan2Explore solves {solved} of {count_of(tasks, 'task')} on every seed "
        f"({size_range(min(sizes), max(sizes), 'seed')} per task and case)"
    ]
    words = {
        SUBJECT: "no other algorithm solves {} for less",
        CHEAPER: "another algorithm solves {} for less",
        OTHERS: "it does not solve {}, which another algorithm does",
        NOTHING: "neither it nor another algorithm solves {} on every seed",
    }
    parts += [words[key].format(joined(names)) for key, names in groups.items() if names]
    sentence = "; ".join(parts) + "."
    return f"{NOT_WORTH_IT}: {sentence}" if solved and not groups[SUBJECT] else sentence


def _solver(task: TaskWays, mine: Way) -> str:
    """Who solves the task, in the groups of the sentence. Variants of Plan2Explore do not count:
    most of them are curious in latent space, too."""
    rivals = [way for way in task.ways if base_algorithm(way.case) != SUBJECT]
    rival = _cheapest(rivals)
    if not mine.solves:
        return NOTHING if rival is None else OTHERS
    return SUBJECT if _cheapest([mine, *rivals]) in (SUBJECT, None) else CHEAPER
