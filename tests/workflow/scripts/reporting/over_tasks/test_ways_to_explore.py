"""Rivals with other ways to explore: what solves a task, and what one change is worth."""

import numpy as np
import pytest

from reporting.over_tasks.ways_to_explore import (
    compares_ways,
    single_changes,
    total_seconds,
    ways_sentence,
    ways_to_explore,
)
from reporting.per_task.comparison import algorithm_pairs
from reporting.per_task.scores import SeedScores
from reporting.statistics.analysis import analyse
from reporting.tables.costs import Cost
from reporting.tables.summary import read_summary
from reporting.templates import narrow
from tests.helpers.pages.html_page import Page
from tests.workflow.scripts.reporting.page.test_html_page import build
from tests.workflow.scripts.reporting.page.test_synthetic_suite import SyntheticTask, write_suite

CASES = ["sac", "sac-pink", "plan2explore", "plan2explore-no-memory"]
SECONDS = {"sac": 10.0, "sac-pink": 20.0, "plan2explore": 60.0, "plan2explore-no-memory": 50.0}
TASKS = ("Alone-v0", "Cheap-v0", "Rival-v0", "None-v0")
SOLVES = {
    "Alone-v0": {"plan2explore"},
    "Cheap-v0": {"plan2explore", "sac-pink", "plan2explore-no-memory"},
    "Rival-v0": {"sac-pink"},
    "None-v0": set(),
}
FACTS = {
    name: SyntheticTask(name, random_score=0.0, reference_score=100.0).facts() for name in TASKS
}
COSTS = [
    Cost(task, case, 1, "1", seconds, seconds, None, None, None, ("cpu",))
    for task in TASKS
    for case, seconds in SECONDS.items()
]


def cell(returns):
    final = np.array(returns, dtype=np.float64)
    curve = final[:, None]
    seeds = tuple(range(100, 100 + len(final)))
    return SeedScores(seeds, final, np.zeros(len(final)), np.array([10.0]), curve, final, final)


def scores(tasks=TASKS):
    """Those that solve a task have 90 and 70, the others 90 on one seed and 40 on the other."""
    return {
        (task, case): cell([90, 70] if case in SOLVES[task] else [90, 40])
        for task in tasks
        for case in CASES
    }


def ways(tasks=TASKS, of=None):
    facts = {task: FACTS[task] for task in tasks}
    return ways_to_explore(of or scores(tasks), facts, COSTS, CASES)


def test_a_task_is_solved_where_every_seed_has_half_of_the_reference_and_the_cheapest_is_named():
    found = {task.environment: task for task in ways()}
    assert {name: task.cheapest for name, task in found.items()} == {
        "Alone-v0": "plan2explore",
        "Cheap-v0": "sac-pink",
        "Rival-v0": "sac-pink",
        "None-v0": None,
    }
    mine = found["Rival-v0"].way("plan2explore")
    assert (mine.solved, mine.n, mine.solves, mine.seconds) == (1, 2, False, 60.0)
    assert total_seconds(ways(), "sac") == 40.0
    assert total_seconds(ways_to_explore(scores(), FACTS, COSTS[1:], CASES), "sac") is None


def test_the_sentence_tells_what_only_curiosity_in_latent_space_solves():
    assert ways_sentence(ways(), FACTS) == (
        "Plan2Explore solves 2 of 4 tasks on every seed (2 seeds per task and case); no other "
        "algorithm solves Alone-v0 for less; another algorithm solves Cheap-v0 for less; it does "
        "not solve Rival-v0, which another algorithm does; neither it nor another algorithm solves "
        "None-v0 on every seed."
    )


def test_if_it_wins_nothing_that_does_not_go_cheaper_the_first_words_say_so():
    sentence = ways_sentence(ways(("Cheap-v0", "None-v0")), FACTS) or ""
    start = (
        "Curiosity in latent space solves nothing here that is not solved for less: Plan2Explore"
    )
    assert sentence.startswith(start)
    nothing_solved = ways_sentence(ways(("None-v0",)), FACTS) or ""
    assert nothing_solved.startswith("Plan2Explore solves 0 of 1 task")


def test_a_cheaper_variant_of_plan2explore_is_no_other_algorithm() -> None:
    cheaper = scores() | {("Alone-v0", "plan2explore-no-memory"): cell([90, 70])}
    found = ways(("Alone-v0",), cheaper)
    assert found[0].cheapest == "plan2explore-no-memory"
    sentence = ways_sentence(found, FACTS) or ""
    assert sentence.endswith("; no other algorithm solves Alone-v0 for less.")


def test_without_runs_of_the_subject_there_is_no_sentence():
    missing = scores() | {(task, "plan2explore"): cell([]) for task in TASKS}
    assert ways_sentence(ways(of=missing), FACTS) is None


def test_a_change_is_worth_what_the_case_with_it_has_more():
    with_zero = scores() | {(task, "plan2explore-no-memory"): cell([40, 20]) for task in TASKS}
    facts = {task: FACTS[task] for task in ("Alone-v0", "Cheap-v0")}
    pink, memory = single_changes(with_zero, facts, CASES)
    assert (pink.with_it, pink.without_it, pink.tasks) == ("sac-pink", "sac", 2)
    assert pink.difference.estimate == pytest.approx((0.0 + 0.15) / 2)
    assert (memory.with_it, memory.without_it) == ("plan2explore", "plan2explore-no-memory")
    assert memory.difference.estimate == pytest.approx(0.5)
    assert memory.difference.available


def test_names_of_tasks_are_broken_between_their_words_only() -> None:
    assert narrow("CartPoleSwingupSparse-v0") == "Cart<wbr>Pole<wbr>Swingup<wbr>Sparse"
    assert narrow("<b>-v1") == "&lt;b&gt;"


def test_only_rivals_with_variants_make_it_such_a_suite():
    assert compares_ways(CASES)
    assert not compares_ways(["sac", "mbpo", "plan2explore"])
    assert not compares_ways(["plan2explore", "plan2explore-no-memory", "sac"])
    assert not compares_ways(["sac", "sac-tuned", "mbpo", "plan2explore"])
    assert compares_ways(["sac", "sac-pink"])
    assert compares_ways(["sac", "sac-pink", "sac-rnd", "plan2explore"])


def test_variants_of_rivals_are_compared_with_their_algorithm_and_the_subject():
    pairs = algorithm_pairs([*CASES, "mbpo", "mbpo-pink"], "plan2explore")
    rivals = [pair for pair in pairs if pair[0] != "plan2explore"]
    assert rivals == [("sac-pink", "sac"), ("mbpo", "sac"), ("mbpo-pink", "mbpo")]


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    levels = (("sac-pink", 0.9), ("plan2explore-no-memory", 0.2))
    tasks = [SyntheticTask(f"p2e/{name}", variant_levels=levels) for name in TASKS[:2]]
    variants = {
        "sac-pink": {"exploration": {"noise": "pink"}},
        "plan2explore-no-memory": {"world": {"memory_size": 0}},
    }
    folder = tmp_path_factory.mktemp("ways")
    return write_suite(folder / "rivals", tasks, 3, algorithms=CASES, variants=variants)


def test_the_page_leads_with_the_ways(suite, tmp_path):
    page = Page(build(suite, tmp_path))
    statistics = analyse(read_summary(suite.results / "summary"), suite.facts_of)
    assert statistics.headline.sentence == ways_sentence(statistics.ways, statistics.facts)
    assert "Plan2Explore solves 2 of 2 tasks on every seed" in page.visible
    assert "Seeds that solve each task" in page.visible and "3 of 3" in page.visible
    assert "What one change is worth" in page.visible
