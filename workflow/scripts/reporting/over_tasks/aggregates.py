"""Aggregates over groups of tasks: all of them, those with sparse and those with dense reward."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from reporting.inference.bootstrap import (
    Statistic,
    difference_interval,
    generator_for,
    interquartile_mean,
    mean_difference_interval,
    optimality_gap,
    probability_of_improvement,
    stratified_interval,
    weighted_mean,
)
from reporting.inference.intervals import Count, FloatArray, Interval
from reporting.inference.permutation_test import permutation_p, smallest_permutation_p
from reporting.over_tasks.profiles import (
    Band,
    curve_on_shares,
    performance_profile,
    sample_efficiency,
)
from reporting.per_task.comparison import Scores, algorithm_pairs
from reporting.per_task.normalisation import normalised, solved
from reporting.per_task.scores import SeedScores
from reporting.tables.task_facts import TaskFacts
from reporting.text import SUBJECT


@dataclass(frozen=True)
class AlgorithmAggregate:
    """One algorithm over one group of tasks, in normalised score; `solved` counts runs."""

    algorithm: str
    solved: Count
    interquartile_mean: Interval
    mean: Interval
    optimality_gap: Interval
    area: Interval


@dataclass(frozen=True)
class PairAggregate:
    """`first` against `second` over one group of tasks.

    difference: of the mean normalised scores; every task has the same weight.
    p: of a stratified permutation test of that difference, not corrected. smallest_p: that so many
    runs can reach.
    """

    first: str
    second: str
    difference: Interval
    difference_of_interquartile_means: Interval
    p: float | None
    smallest_p: float
    probability_of_improvement: Interval


@dataclass(frozen=True)
class Group:
    """Tasks on which every algorithm with results has at least one usable seed.

    noun: what one of them is called, `sparse task` or `dense task`, or `task` if they differ.
    requested: how many tasks of this kind, or of these kinds, the suite asks for.
    unsolved: those on which no run of any algorithm solves its task.
    profiles: the performance profile of each algorithm.
    """

    name: str
    noun: str
    environments: tuple[str, ...]
    requested: int
    smallest_n: int
    largest_n: int
    algorithms: tuple[AlgorithmAggregate, ...]
    pairs: tuple[PairAggregate, ...]
    unsolved: tuple[str, ...]
    profiles: dict[str, Band]

    def of(self, algorithm: str) -> AlgorithmAggregate | None:
        """The aggregates of one algorithm, or None where it has no results."""
        found = [each for each in self.algorithms if each.algorithm == algorithm]
        return found[0] if found else None

    def pair(self, first: str, second: str) -> PairAggregate | None:
        """The comparison of two algorithms, or None where one of them has no results."""
        found = [pair for pair in self.pairs if (pair.first, pair.second) == (first, second)]
        return found[0] if found else None


def algorithms_with_results(scores: Scores) -> list[str]:
    """Algorithms with a usable seed on some task, in the suite's order."""
    return list(dict.fromkeys(algorithm for (_, algorithm), cell in scores.items() if cell.n))


def common_environments(scores: Scores) -> list[str]:
    """Tasks on which every algorithm with results has a usable seed: only these are comparable."""
    algorithms = algorithms_with_results(scores)
    environments = dict.fromkeys(environment for environment, _ in scores)
    return [
        environment
        for environment in environments
        if algorithms and all(scores[environment, algorithm].n for algorithm in algorithms)
    ]


def task_groups(scores: Scores, facts: dict[str, TaskFacts]) -> list[Group]:
    """The group of all common tasks, then the sparse and the dense ones where both kinds exist."""
    common = common_environments(scores)
    kinds = {
        kind: [environment for environment in common if facts[environment].kind == kind]
        for kind in ("sparse", "dense")
    }
    named = {"all": common}
    if kinds["sparse"] and kinds["dense"]:
        named |= kinds
    return [_group(name, tasks, scores, facts) for name, tasks in named.items() if tasks]


def _group(
    name: str, environments: list[str], scores: Scores, facts: dict[str, TaskFacts]
) -> Group:
    algorithms = algorithms_with_results(scores)
    sizes = [scores[task, algorithm].n for task in environments for algorithm in algorithms]

    def of_tasks(measure: str) -> dict[str, list[FloatArray]]:
        return {
            case: [
                normalised(getattr(scores[task, case], measure), facts[task])
                for task in environments
            ]
            for case in algorithms
        }

    final, area = of_tasks("final"), of_tasks("area")
    pairs = algorithm_pairs(algorithms, SUBJECT)
    kinds = {facts[environment].kind for environment in environments}
    return Group(
        name=name,
        noun=f"{min(kinds)} task" if len(kinds) == 1 else "task",
        environments=tuple(environments),
        requested=sum(fact.kind in kinds for fact in facts.values()),
        smallest_n=min(sizes),
        largest_n=max(sizes),
        algorithms=tuple(
            _algorithm_aggregate(name, algorithm, final[algorithm], area[algorithm])
            for algorithm in algorithms
        ),
        pairs=tuple(_pair_aggregate(name, one, two, final[one], final[two]) for one, two in pairs),
        unsolved=_unsolved(environments, final),
        profiles=_profiles(name, final),
    )


def _unsolved(environments: list[str], final: dict[str, list[FloatArray]]) -> tuple[str, ...]:
    """The tasks that no run of any algorithm solves."""
    return tuple(
        task
        for place, task in enumerate(environments)
        if not any(solved([tasks[place]]).count for tasks in final.values())
    )


def _algorithm_aggregate(
    group: str, algorithm: str, final: list[FloatArray], area: list[FloatArray]
) -> AlgorithmAggregate:
    def interval(kind: str, scores: list[FloatArray]) -> Interval:
        mean = weighted_mean([len(task) for task in scores])
        special: dict[str, Statistic] = {"mean": mean, "optimality gap": optimality_gap}
        statistic = special.get(kind, interquartile_mean)
        return stratified_interval(scores, statistic, generator_for(group, algorithm, kind))

    return AlgorithmAggregate(
        algorithm=algorithm,
        solved=solved(final),
        interquartile_mean=interval("interquartile mean", final),
        mean=interval("mean", final),
        optimality_gap=interval("optimality gap", final).within((0.0, math.inf)),
        area=interval("interquartile mean of the area", area),
    )


def _pair_aggregate(
    group: str, one: str, two: str, first: list[FloatArray], second: list[FloatArray]
) -> PairAggregate:
    # An algorithm's bootstrap draws do not depend on whether it comes first or second, so that
    # reversing a comparison mirrors its interval.
    def generators(statistic: str) -> tuple[np.random.Generator, np.random.Generator]:
        return generator_for(group, one, statistic), generator_for(group, two, statistic)

    by_name = sorted([(one, first), (two, second)], key=lambda pair: pair[0])
    draws = generator_for(group, *(name for name, _ in by_name), "permutation test")
    sizes = [(len(a), len(b)) for a, b in zip(first, second, strict=True)]
    return PairAggregate(
        first=one,
        second=two,
        difference=mean_difference_interval(first, second, generators("difference of means")),
        difference_of_interquartile_means=difference_interval(
            first, second, interquartile_mean, generators("difference")
        ),
        p=permutation_p(by_name[0][1], by_name[1][1], draws),
        smallest_p=smallest_permutation_p(sizes),
        probability_of_improvement=probability_of_improvement(
            first, second, generators("probability of improvement")
        ),
    )


def profile_grid(finals: Iterable[FloatArray]) -> FloatArray:
    """61 thresholds from 0 to the largest normalised score, at least to 1."""
    largest = max(float(final.max()) for final in finals)
    return np.linspace(0.0, max(1.0, float(np.ceil(largest * 10) / 10)), 61)


def _profiles(group: str, final: dict[str, list[FloatArray]]) -> dict[str, Band]:
    """The performance profile of each algorithm over the tasks of a group."""
    grid = profile_grid(scores for tasks in final.values() for scores in tasks)
    return {
        algorithm: performance_profile(
            tasks, grid, generator_for(group, "performance profile", algorithm)
        )
        for algorithm, tasks in final.items()
    }


def efficiency_curves(
    scores: Scores, facts: dict[str, TaskFacts], budgets: dict[str, int]
) -> dict[str, Band]:
    """Interquartile mean over the common tasks at each twentieth of the step budgets."""
    common = common_environments(scores)
    grid = np.linspace(0.0, 1.0, 21)

    def on_grid(cell: SeedScores, task: str) -> FloatArray:
        values = normalised(cell.curve, facts[task])
        return curve_on_shares(cell.steps, values, budgets[task], grid)

    return {
        algorithm: sample_efficiency(
            [on_grid(scores[task, algorithm], task) for task in common],
            grid,
            generator_for("sample efficiency", algorithm),
        )
        for algorithm in (algorithms_with_results(scores) if common else [])
    }
