"""Tasks that nobody declared: without reference scores, or without coordinates for coverage."""

import json
import shutil
from dataclasses import asdict, replace

import numpy as np
import pytest

import aggregate
from reporting.page.readme_block import published_answer, published_numbers
from reporting.statistics.analysis import analyse, as_json
from reporting.statistics.verification_result import ALL_TASKS, DIFFERS, WITHIN
from reporting.tables.summary import read_summary
from reporting.tables.task_facts import task_facts
from reporting.text import number
from reporting.verification.published_comparison import Numbers, verify
from tests.helpers.films.synthetic_films import write_films
from tests.helpers.pages.html_page import Page
from tests.workflow.scripts.reporting.page.test_html_page import build
from tests.workflow.scripts.reporting.page.test_synthetic_suite import SyntheticTask, write_suite

SCORED = (SyntheticTask("p2e/Maze-v0"), SyntheticTask("Swing-v0", sparse=False))
FOREIGN = SyntheticTask(
    "Foreign-v1", sparse=False, scores_known=False, projected=False, levels=(0.1, 0.2, 0.9)
)
UNKNOWN = SyntheticTask("Unknown-v1", scores_known=False, levels=(0.9, 0.1, 0.1))

DASH = "\N{EN DASH}"


def analysed(suite):
    aggregate.main(["--results", str(suite.results), "--config", str(suite.config)])
    return analyse(read_summary(suite.results / "summary"), suite.facts_of)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("without")


@pytest.fixture(scope="module")
def mixed(folder):
    """Three tasks, of which the last has neither scores nor a projection."""
    return write_suite(folder / "mixed", [*SCORED, FOREIGN], seeds=2)


@pytest.fixture(scope="module")
def mixed_page(mixed, folder):
    write_films(mixed, folder / "mixed-report" / "films")
    return Page(build(mixed, folder / "mixed-report"))


@pytest.fixture(scope="module")
def unscored(folder):
    """Two tasks without scores; coverage is counted on the second."""
    return write_suite(folder / "unscored", [FOREIGN, UNKNOWN], seeds=5)


@pytest.fixture(scope="module")
def unscored_page(unscored, folder):
    return Page(build(unscored, folder / "unscored-report"))


@pytest.fixture(scope="module")
def mixed_details(mixed_page, folder):
    return Page((folder / "mixed-report" / "details.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def unscored_details(unscored_page, folder):
    return Page((folder / "unscored-report" / "details.html").read_text(encoding="utf-8"))


def section(page, title, end):
    """The words of the page from the heading of a section to that of the next one."""
    words = page.visible[page.visible.rindex(title) :]
    return words[: words.index(end)]


def test_aggregates_are_those_of_the_suite_without_the_task(mixed, folder):
    with_it = analysed(mixed)
    without = analysed(write_suite(folder / "scored", SCORED, seeds=2))
    assert with_it.groups == without.groups and len(with_it.groups) == 3
    assert with_it.sample_efficiency == without.sample_efficiency
    assert with_it.headline.clauses == without.headline.clauses
    assert with_it.cells[:6] == without.cells


def test_an_algorithm_that_ran_on_no_other_task_leaves_the_aggregates_as_they_are(folder):
    suite = write_suite(folder / "partly", [*SCORED, FOREIGN], seeds=2)
    for place, run in enumerate(suite.suite["runs"]):
        if run["algorithm"] == "mbpo" and run["environment"] != FOREIGN.id:
            shutil.rmtree(suite.folder(place))
    groups = analysed(suite).groups
    assert [len(group.environments) for group in groups] == [2, 1, 1]
    assert {one.algorithm for one in groups[0].algorithms} == {"sac", "plan2explore"}


def test_returns_differences_and_curves_of_the_task_stay(mixed):
    analysis = analysed(mixed)
    cell = analysis.cell(FOREIGN.id, "plan2explore")
    known = analysed_with_scores(mixed).cell(FOREIGN.id, "plan2explore")
    of_seeds = tuple(replace(seed, normalised=None) for seed in known.seeds)
    assert (cell.final, cell.area, cell.seeds) == (known.final, known.area, of_seeds)
    assert known.normalised.estimate is not None
    assert (cell.normalised.estimate, cell.normalised_area.estimate) == (None, None)
    comparisons = [item for item in analysis.comparisons if item.environment == FOREIGN.id]
    assert len(comparisons) == 3
    for item in comparisons:
        assert item.difference.estimate is None and item.difference_in_return.available
        assert item.p is not None and item.superiority is not None
    assert any(curve.environment == FOREIGN.id for curve in analysis.learning_curves)
    assert not any(curve.environment == FOREIGN.id for curve in analysis.coverage_curves)
    as_json(analysis)  # allows no NaN


def analysed_with_scores(suite):
    """The same runs, if the scores of the last task were known."""
    known = SyntheticTask(FOREIGN.id, sparse=False)

    def facts_of(environment, of_suite):
        return known.facts() if environment == FOREIGN.id else suite.facts_of(environment, of_suite)

    return analyse(read_summary(suite.results / "summary"), facts_of)


def test_the_page_names_what_is_left_out_and_why(mixed_page, mixed_details):
    answer = mixed_page.visible[: mixed_page.visible.rindex("Task by task")]
    why = "Left out, because a random or a reference score is not known: Foreign-v1."
    assert why in answer
    assert "over 1 of the 2 dense tasks (the rest is left out) Plan2Explore" in answer
    assert "On the one sparse task Plan2Explore" in answer
    over_tasks = section(mixed_details, "Over all tasks", "Aggregates of the normalised score")
    assert "returns cannot be normalised without them: Foreign-v1." in over_tasks
    table = section(mixed_details, "Aggregates of the normalised score", "How likely is an")
    assert "Tasks with a reference 2 tasks" in table and "All tasks" not in table
    exploration = section(mixed_page, "Exploration", "Every number")
    assert "Visited states are not counted on Foreign-v1" in exploration
    maps = [svg["aria-label"] for svg in mixed_page.all("svg") if svg.get("role") == "img"]
    shown = [label for label in maps if label.startswith("States visited on")]
    assert len(shown) == 2 and not any("Foreign" in label for label in shown)


def test_the_tables_show_the_return_where_there_is_no_normalised_score(mixed_details, folder):
    mixed_page = mixed_details
    numbers = json.loads((folder / "mixed-report/statistics.json").read_text(encoding="utf-8"))
    table = section(mixed_page, "Final scores of every algorithm", "Which differences do these")
    assert "dense reward · no random score · no reference score · 2,000 steps" in table
    foreign = table[table.index("Foreign-v1") :]
    cells = [cell for cell in numbers["cells"] if cell["environment"] == FOREIGN.id]
    scale = max(abs(cell["final"]["estimate"]) for cell in cells)
    for cell in cells:
        assert number(cell["final"]["estimate"], scale=scale) in foreign
        assert number(cell["area"]["estimate"], scale=scale) in foreign
    pairs = section(mixed_page, "Pairs of algorithms, task by task", "Visited states")
    foreign = pairs[pairs.index("Foreign-v1") :]
    for item in numbers["comparisons"]:
        if item["environment"] == FOREIGN.id:
            assert number(item["difference_in_return"]["estimate"], True, scale) in foreign
    assert "not available" not in foreign
    facts = section(mixed_page, "What each task declares", "Statistics")
    assert f"200 {DASH} {DASH}" in facts


def test_drawn_films_say_what_is_drawn(mixed_page):
    words = section(mixed_page, "Films of the trained policies", "Exploration")
    assert words.count("path over x (m) and y (m)") == 6
    assert words.count("drawn as the return over the steps") == 3


def test_a_suite_without_any_scores_has_a_whole_report(unscored_page, unscored_details, folder):
    numbers = json.loads((folder / "unscored-report/statistics.json").read_text(encoding="utf-8"))
    sentence = numbers["headline"]["sentence"]
    assert sentence == (
        "No task has a random and a reference score: there is no verdict over several tasks. "
        "Task by task, the return of Plan2Explore is shown to be higher than that of SAC on 1 of "
        "2 tasks and lower on 1; higher than that of MBPO on 1 of 2 tasks and lower on none (exact "
        "rank tests of returns after Holm's correction, n = 5 seeds per task and algorithm)."
    )
    assert sentence[:60] in unscored_page.visible
    assert "normalised score, where 0 is" not in unscored_page.visible
    assert "All tasks are left out" in section(unscored_details, "Over all tasks", "All scores")
    heads = [head.get("data-name", "") for head in unscored_details.all("th")]
    assert not any("Normalised" in name for name in heads)
    kinds = [svg["aria-label"].split()[0] for svg in unscored_page.all("svg") if "role" in svg]
    assert kinds.count("Learning") == 2 and kinds.count("States") == 1
    assert unscored_page.unbalanced == [] and unscored_page.open == []
    assert numbers["groups"] == []
    assert len([run for run in numbers["runs"] if run["status"] == "complete"]) == 30


def test_verdicts_of_the_sentence_are_those_of_the_table(unscored):
    verdicts = {
        (item.environment, item.second): item.verdict
        for item in analysed(unscored).comparisons
        if item.first == "plan2explore"
    }
    assert verdicts == {
        (FOREIGN.id, "sac"): "better",
        (FOREIGN.id, "mbpo"): "better",
        (UNKNOWN.id, "sac"): "worse",
        (UNKNOWN.id, "mbpo"): "no difference shown",
    }


def test_with_few_seeds_the_sentence_gives_no_verdict(tmp_path):
    suite = write_suite(tmp_path / "few", [FOREIGN], seeds=2)
    sentence = analysed(suite).headline.sentence
    assert "Not enough seeds for a verdict on any single task" in sentence
    for place in range(len(suite.suite["runs"])):
        shutil.rmtree(suite.folder(place))
    assert analysed(suite).headline.sentence.endswith("there is no answer yet.")


def test_a_suite_where_nothing_is_counted_says_so(tmp_path):
    suite = write_suite(tmp_path / "nothing", [FOREIGN], seeds=1, evaluations=3)
    page = Page(build(suite, tmp_path / "report"))
    assert "Visited states are not counted on Foreign-v1" in section(
        page, "Exploration", "Every number"
    )
    assert "coverage-map" not in (tmp_path / "report" / "index.html").read_text(encoding="utf-8")


def test_the_readme_has_no_picture_and_no_aggregate_of_such_a_suite(unscored_page, folder):
    text = (folder / "unscored-report/statistics.json").read_text(encoding="utf-8")
    assert "<img" not in published_answer(json.loads(text))
    block = published_numbers(json.loads(text))
    assert "score*" not in block and "normalised score" not in block
    row = next(line for line in block.splitlines() if line.startswith("| Foreign |"))
    assert row.endswith(f"| {DASH} |")


def test_verification_compares_returns_and_leaves_the_task_out_of_the_mean(mixed):
    statistics = json.loads(as_json(analysed(mixed)))
    runs = read_summary(mixed.results / "summary").runs
    elsewhere = [
        run | {"cpu": "another", "files": json.dumps({"training.csv": f"earlier {run['path']}"})}
        for run in runs
    ]
    published = json.loads(json.dumps(statistics))
    for cell in published["cells"]:
        for row in cell["seeds"]:
            row["final"] += 1000.0 if cell["environment"] == FOREIGN.id else 0.01
    result = verify(Numbers(published, elsewhere), Numbers(statistics, runs))
    of_task = [row for row in result.rows if row.environment == FOREIGN.id]
    assert {row.status for row in of_task if row.score == "final"} == {DIFFERS}
    overall = [row for row in result.rows if row.environment == ALL_TASKS]
    assert len(overall) == 3
    for row in overall:
        assert row.status == WITHIN and row.why.startswith("2 tasks:")


def test_facts_of_the_suite_come_before_those_of_the_registry(mixed):
    declared = task_facts("p2e/PointMaze-v0", {})
    given = {"horizon": 77, "random_score": -1.0, "reference_score": 500.0}
    changed = asdict(task_facts("p2e/PointMaze-v0", given))
    source = {"reference_source": "Given in the suite."}
    assert changed == asdict(declared) | given | source
    assert task_facts("p2e/PointMaze-v0", {"coverage": {}}).projection_labels is None
    with pytest.raises(ValueError, match=r"task\.reference_score"):
        task_facts("p2e/PointMaze-v0", {"random_score": 1.0, "reference_score": 0.0})


def test_a_task_that_nobody_declared_is_dense_and_has_no_scores():
    foreign = task_facts("Swimmer-v5", {})
    assert (foreign.ends, foreign.kind, foreign.success_declared) == (None, "dense", False)
    assert foreign.projection_labels == ("principal component 1", "principal component 2")
    assert task_facts("Swimmer-v5", {"sparse": True}).kind == "sparse"


def test_the_suite_s_facts_reach_the_lookup(mixed):
    analysed(mixed)
    summary = read_summary(mixed.results / "summary")
    first, *others = summary.suite["tasks"]
    suite = summary.suite | {"tasks": [first | {"task": {"sparse": True}}, *others]}
    seen = []

    def facts_of(environment, of_suite):
        seen.append(of_suite)
        return mixed.facts_of(environment, of_suite)

    analyse(replace(summary, suite=suite), facts_of)
    assert seen == [{"sparse": True}, {}, {}]


def test_coverage_without_bins_is_no_coverage(mixed):
    analysed(mixed)
    with np.load(mixed.results / "summary" / "coverage.npz") as stored:
        sizes = {stored[f"counts_{place}"].shape[-1] for place in range(len(stored["runs"]))}
    assert 0 in sizes and len(sizes) == 2
    owners = {record.environment for record in read_summary(mixed.results / "summary").coverage}
    assert owners == {task.id for task in SCORED}
