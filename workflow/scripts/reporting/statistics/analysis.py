"""All statistics of a suite in one structure: what statistics.json holds and the report shows."""

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

from reporting.inference.bootstrap import REPLICATES, SEED
from reporting.inference.intervals import CONFIDENCE
from reporting.over_tasks.aggregates import Group, efficiency_curves, task_groups
from reporting.over_tasks.profiles import Band
from reporting.over_tasks.steps_to_match import StepsToMatch, steps_to_match
from reporting.over_tasks.ways_to_explore import (
    Change,
    TaskWays,
    compares_ways,
    single_changes,
    ways_sentence,
    ways_to_explore,
)
from reporting.per_task.cells import Cell, cell_of
from reporting.per_task.comparison import (
    Comparison,
    Scores,
    algorithm_pairs,
    compare_all,
)
from reporting.per_task.curves import Curve, coverage_curves, learning_curves
from reporting.per_task.logged_metrics import LoggedChange, logged_changes
from reporting.per_task.model_errors import ModelErrors, model_errors
from reporting.per_task.normalisation import scale_of_returns, with_reference
from reporting.per_task.scores import seed_scores
from reporting.statistics.verification_result import Verification
from reporting.tables.costs import (
    Cost,
    CostTotal,
    TimeShares,
    cost_totals,
    suite_costs,
    time_shares,
)
from reporting.tables.film_files import Film
from reporting.tables.noise import TaskNoise, task_noise
from reporting.tables.summary import Summary
from reporting.tables.task_facts import FactsOf, TaskFacts
from reporting.text import SUBJECT
from reporting.verdict.headline import Headline, headline

SHOWN_OF_A_RUN = (
    *("environment", "algorithm", "seeds", "status", "reason", "steps", "seconds"),
    *("updates_per_second", "device", "path"),
)


@dataclass(frozen=True)
class Statistics:
    """Every number of the report."""

    suite: str
    question: str
    limits: tuple[str, ...]
    confidence: float
    bootstrap_replicates: int
    bootstrap_seed: int
    facts: dict[str, TaskFacts]
    budgets: dict[str, int]
    algorithms: tuple[str, ...]
    headline: Headline
    cells: tuple[Cell, ...]
    comparisons: tuple[Comparison, ...]
    groups: tuple[Group, ...]
    steps_to_match: tuple[StepsToMatch, ...]
    sample_efficiency: dict[str, Band]
    learning_curves: tuple[Curve, ...]
    coverage_curves: tuple[Curve, ...]
    model_errors: tuple[ModelErrors, ...]
    logged: tuple[LoggedChange, ...]
    costs: tuple[Cost, ...]
    cost_totals: tuple[CostTotal, ...]
    noise: tuple[TaskNoise, ...]
    time_shares: tuple[TimeShares, ...]
    runs: tuple[dict[str, str], ...]
    run_counts: dict[str, int]
    ways: tuple[TaskWays, ...] = ()
    changes: tuple[Change, ...] = ()
    films: tuple[Film, ...] = ()
    verification: Verification | None = None

    def cell(self, environment: str, algorithm: str) -> Cell:
        """The results of one algorithm on one task."""
        return next(
            cell
            for cell in self.cells
            if (cell.environment, cell.algorithm) == (environment, algorithm)
        )

    def scale(self, environment: str) -> float:
        """The size of the returns of one task, with which they are written."""
        means = [cell.final.estimate for cell in self.cells if cell.environment == environment]
        return scale_of_returns(self.facts[environment].reference_score, means)

    @property
    def without_reference(self) -> list[str]:
        """Names of the tasks without normalised scores: no aggregate over tasks contains them."""
        return [facts.name for facts in self.facts.values() if facts.ends is None]

    @property
    def without_coverage(self) -> list[str]:
        """Names of the tasks without two coordinates on which coverage could be counted."""
        return [facts.name for facts in self.facts.values() if facts.projection_labels is None]


def all_scores(summary: Summary) -> Scores:
    """The scores of every task and algorithm of the suite, in the suite's order."""
    return {
        (environment, algorithm): seed_scores(summary, environment, algorithm)
        for environment in summary.environments
        for algorithm in summary.algorithms
    }


def analyse(summary: Summary, facts_of: FactsOf) -> Statistics:
    """Compute every statistic; deterministic, with a separate generator for each bootstrap."""
    facts = {
        environment: facts_of(environment, summary.facts_of_suite(environment))
        for environment in summary.environments
    }
    budgets = {environment: summary.steps(environment) for environment in summary.environments}
    scores = all_scores(summary)
    comparisons = compare_all(scores, facts, algorithm_pairs(summary.algorithms, SUBJECT))
    comparable, known = with_reference(scores, facts)
    groups = task_groups(comparable, known)
    statuses = [run["status"] for run in summary.runs]
    costs = suite_costs(summary)
    matched = steps_to_match(scores, budgets, algorithm_pairs(summary.algorithms, SUBJECT))
    answer = headline(groups, summary.algorithms, facts, comparisons, matched)
    ways, changes = [], []
    if compares_ways(summary.algorithms):
        ways = ways_to_explore(scores, facts, costs, summary.algorithms)
        changes = single_changes(scores, facts, summary.algorithms)
        sentence = ways_sentence(ways, facts)
        if sentence:
            answer = dataclasses.replace(answer, sentence=sentence, verdict="")
    return Statistics(
        suite=str(summary.suite["suite"]),
        question=str(summary.suite.get("question", "")),
        limits=tuple(summary.suite.get("limits", ())),
        confidence=CONFIDENCE,
        bootstrap_replicates=REPLICATES,
        bootstrap_seed=SEED,
        facts=facts,
        budgets=budgets,
        algorithms=tuple(summary.algorithms),
        headline=answer,
        cells=tuple(cell_of(case, scores, facts[case[0]]) for case in scores),
        comparisons=tuple(comparisons),
        groups=tuple(groups),
        steps_to_match=tuple(matched),
        sample_efficiency=efficiency_curves(comparable, known, budgets),
        learning_curves=tuple(learning_curves(summary, scores, facts)),
        coverage_curves=tuple(coverage_curves(summary, scores)),
        model_errors=tuple(model_errors(summary)),
        logged=tuple(logged_changes(summary)),
        costs=tuple(costs),
        cost_totals=tuple(cost_totals(summary)),
        noise=tuple(task_noise(summary.environments)),
        time_shares=tuple(time_shares(summary)),
        runs=tuple({key: run[key] for key in SHOWN_OF_A_RUN} for run in summary.runs),
        run_counts={status: statuses.count(status) for status in sorted(set(statuses))},
        ways=tuple(ways),
        changes=tuple(changes),
    )


def as_json(statistics: Statistics) -> str:
    """The statistics as JSON text, the same for the same numbers."""
    content: dict[str, Any] = dataclasses.asdict(statistics)
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
