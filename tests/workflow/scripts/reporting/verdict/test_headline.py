"""The headline: when each verdict is given, and that its numbers match the raw files."""

import csv
import json
import math
import random
import shutil
import statistics as python_statistics
import zlib

import numpy as np
import pytest

import aggregate
from reporting.inference.intervals import Interval
from reporting.over_tasks.aggregates import PairAggregate
from reporting.per_task.comparison import (
    BETTER,
    NO_DIFFERENCE,
    NOT_ENOUGH_SEEDS,
    WORSE,
    algorithm_pairs,
    compare_all,
)
from reporting.per_task.scores import SeedScores
from reporting.statistics.analysis import analyse, as_json
from reporting.tables.summary import read_summary
from reporting.text import score
from reporting.verdict.headline import group_verdict
from tests.workflow.scripts.reporting.page.test_synthetic_suite import SyntheticTask, write_suite

TASKS = (
    SyntheticTask("Sparse-v0", True, levels=(0.1, 0.8, 0.8)),
    SyntheticTask("Maze-v0", True, levels=(0.2, 0.7, 0.7)),
    SyntheticTask("Dense-v0", False, levels=(0.9, 0.9, 0.2)),
)


def analysed(suite):
    aggregate.main(["--results", str(suite.results), "--config", str(suite.config)])
    return analyse(read_summary(suite.results / "summary"), suite.facts_of)


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    return write_suite(tmp_path_factory.mktemp("headline") / "results", TASKS, seeds=5)


@pytest.fixture(scope="module")
def analysis(suite):
    return analysed(suite)


def raw_finals(suite, task, algorithm):
    """The rows of each seed's final.csv."""
    for place, run in enumerate(suite.suite["runs"]):
        if (run["environment"], run["algorithm"]) == (task.id, algorithm):
            with (suite.folder(place) / "final.csv").open(encoding="utf-8") as stream:
                yield list(csv.DictReader(stream))


def raw_scores(suite, task, algorithm):
    """Normalised seed scores from final.csv alone, in plain Python."""
    scores = []
    for rows in raw_finals(suite, task, algorithm):
        mean = sum(float(row["return"]) for row in rows) / len(rows)
        scores.append((mean - task.random_score) / (task.reference_score - task.random_score))
    return scores


def raw_success(suite, task, algorithm):
    """The share of successful final episodes of each seed."""
    finals = raw_finals(suite, task, algorithm)
    return [sum(int(row["success"]) for row in rows) / len(rows) for rows in finals]


def middle_half(scores):
    cut = len(scores) // 4
    return python_statistics.fmean(sorted(scores)[cut : len(scores) - cut])


def mean_of_tasks(tasks):
    return python_statistics.fmean(python_statistics.fmean(task) for task in tasks)


def test_headline_recomputed_from_the_raw_files(suite, analysis):
    written = json.loads(as_json(analysis))
    clauses = written["headline"]["clauses"]
    assert [(c["group"], c["rival"]) for c in clauses] == [
        ("sparse", "sac"),
        ("sparse", "mbpo"),
        ("dense", "sac"),
        ("dense", "mbpo"),
    ]
    draw = random.Random(1)
    for clause in clauses:
        ours, theirs = scores_of(suite, clause["group"], clause["rival"])
        expected = mean_of_tasks(ours) - mean_of_tasks(theirs)
        assert clause["difference"]["estimate"] == pytest.approx(expected, rel=1e-12)
        assert clause["difference"]["n"] == 5
        replicates = sorted(
            mean_of_tasks([draw.choices(task, k=len(task)) for task in ours])
            - mean_of_tasks([draw.choices(task, k=len(task)) for task in theirs])
            for _ in range(2000)
        )
        ends = [
            expected + (end - expected) * math.sqrt(5 / 4)
            for end in (replicates[50], replicates[1949])
        ]
        assert [clause["difference"]["low"], clause["difference"]["high"]] == pytest.approx(
            ends, abs=0.03
        )


def scores_of(suite, group, rival):
    """The normalised scores of Plan2Explore and of a rival on the tasks of a group."""
    tasks = [task for task in TASKS if task.sparse == (group == "sparse")]
    names = ("plan2explore", rival)
    return [[raw_scores(suite, task, name) for task in tasks] for name in names]


def plain_interval(ours, theirs, group, rival):
    """The interval of a clause in plain Python, with the same random numbers."""

    def replicates(tasks, algorithm):
        key = zlib.crc32(f"{group}\0{algorithm}\0difference of means".encode())
        sizes = [len(task) for task in tasks for _ in task]
        drawn = np.random.default_rng([20200512, key]).integers(0, sizes, (2000, len(sizes)))
        owner = [task for task in tasks for _ in task]
        return [
            sum(owner[place][index] / sizes[place] for place, index in enumerate(row)) / len(tasks)
            for row in drawn.tolist()
        ]

    estimate = mean_of_tasks(ours) - mean_of_tasks(theirs)
    pairs = zip(replicates(ours, "plan2explore"), replicates(theirs, rival), strict=True)
    ordered = sorted(one - two for one, two in pairs)

    def percentile(share):
        place = share * (len(ordered) - 1)
        below = math.floor(place)
        return ordered[below] + (place - below) * (ordered[below + 1] - ordered[below])

    return [
        estimate + (percentile(share) - estimate) * math.sqrt(5 / 4) for share in (0.025, 0.975)
    ]


def plain_p(ours, theirs):
    """The p-value of a permutation test in plain Python, with other random numbers."""
    draw, found = random.Random(2), abs(mean_of_tasks(ours) - mean_of_tasks(theirs))

    def shuffled():
        difference = 0.0
        for one, two in zip(ours, theirs, strict=True):
            pooled = [*one, *two]
            draw.shuffle(pooled)
            mine, rest = pooled[: len(one)], pooled[len(one) :]
            difference += python_statistics.fmean(mine) - python_statistics.fmean(rest)
        return abs(difference) / len(ours)

    return python_statistics.fmean(shuffled() >= found - 1e-9 for _ in range(4000))


def test_the_sentence_has_the_same_digits_by_another_path(suite, analysis):
    sentence = analysis.headline.sentence
    for clause in analysis.headline.clauses:
        ours, theirs = scores_of(suite, clause.group, clause.rival)
        low, high = plain_interval(ours, theirs, clause.group, clause.rival)
        found = (clause.difference.low, clause.difference.high)
        assert found == pytest.approx((low, high), rel=1e-9)
        estimate = mean_of_tasks(ours) - mean_of_tasks(theirs)
        shown = [score(value, signed=True) for value in (estimate, low, high)]
        assert f"({shown[0]}, 95% interval {shown[1]} to {shown[2]}, p " in sentence


def test_the_p_values_by_another_path_and_holm_over_the_sentence(suite, analysis):
    pairs = {
        (group.name, pair.second): pair
        for group in analysis.groups[1:]
        for pair in group.pairs
        if pair.first == "plan2explore"
    }
    for (group, rival), pair in pairs.items():
        assert pair.p == pytest.approx(plain_p(*scores_of(suite, group, rival)), abs=0.03)
    ordered = sorted(pair.p for pair in pairs.values())
    corrected = sorted(clause.p_holm for clause in analysis.headline.clauses)
    steps = [min(1.0, (4 - place) * p) for place, p in enumerate(ordered)]
    assert corrected == pytest.approx([max(steps[: place + 1]) for place in range(4)])


def test_areas_and_best_recomputed_from_evaluation_csv(suite, analysis):
    for place, run in enumerate(suite.suite["runs"]):
        by_step: dict[int, list[float]] = {}
        with (suite.folder(place) / "evaluation.csv").open(encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                by_step.setdefault(int(row["step"]), []).append(float(row["return"]))
        steps = sorted(by_step)
        means = [python_statistics.fmean(by_step[step]) for step in steps]
        area = sum(
            (steps[i + 1] - steps[i]) * (means[i] + means[i + 1]) / 2 for i in range(len(steps) - 1)
        )
        cell = analysis.cell(run["environment"], run["algorithm"])
        seed = next(row for row in cell.seeds if row.seed == run["seeds"][0])
        assert seed.area == pytest.approx(area / (steps[-1] - steps[0]), rel=1e-12)
        assert seed.best == pytest.approx(max(means), rel=1e-12)


def test_cells_hold_the_means_of_their_own_scores(suite, analysis):
    for task in TASKS:
        scale = task.reference_score - task.random_score
        for algorithm in ("sac", "mbpo", "plan2explore"):
            cell = analysis.cell(task.id, algorithm)
            normalised = np.mean(raw_scores(suite, task, algorithm))
            area, best = (np.mean([getattr(x, y) for x in cell.seeds]) for y in ("area", "best"))
            assert cell.normalised.estimate == pytest.approx(normalised)
            assert cell.final.estimate == pytest.approx(task.random_score + scale * normalised)
            success = np.mean(raw_success(suite, task, algorithm))
            assert cell.success.estimate == pytest.approx(success)
            assert cell.area.estimate == pytest.approx(area)
            assert cell.best.estimate == pytest.approx(best)
            assert cell.normalised_area.estimate == pytest.approx(
                (area - task.random_score) / scale
            )


def test_group_measures_recomputed_from_the_files(suite, analysis):
    for group in analysis.groups:
        tasks = [task for task in TASKS if task.id in group.environments]
        for each in group.algorithms:
            solved = [x >= 0.5 for task in tasks for x in raw_scores(suite, task, each.algorithm)]
            assert (each.solved.count, each.solved.n) == (sum(solved), len(solved))
            scores = np.concatenate([raw_scores(suite, task, each.algorithm) for task in tasks])
            assert each.mean.estimate == pytest.approx(scores.mean())
            assert each.optimality_gap.estimate == pytest.approx(np.maximum(1 - scores, 0).mean())
            areas = [
                (seed.area - task.random_score) / (task.reference_score - task.random_score)
                for task in tasks
                for seed in analysis.cell(task.id, each.algorithm).seeds
            ]
            assert each.area.estimate == pytest.approx(middle_half(areas))


def test_sentence_names_verdicts_numbers_and_seeds(analysis):
    sentence = analysis.headline.sentence
    assert analysis.headline.leader == "plan2explore"
    assert analysis.headline.verdict == (
        "Where rewards are rare, Plan2Explore is ahead of SAC and is not shown to differ from "
        "MBPO; where they are frequent, Plan2Explore is behind SAC and MBPO."
    )
    assert sentence.startswith(f"{analysis.headline.verdict} Of 10 runs each on the 2 sparse tasks")
    assert "Over the 2 sparse tasks together Plan2Explore beats SAC (+0." in sentence
    assert "makes no difference that these runs can show against MBPO (" in sentence
    worse = "on the one dense task Plan2Explore is worse than SAC (\N{MINUS SIGN}0."
    assert worse in sentence
    assert sentence.endswith("n = 5 seeds per task and algorithm).")
    assert sentence.count("95% interval") == 4


@pytest.mark.parametrize(
    ("estimate", "p_holm", "smallest_p", "expected"),
    [
        (0.2, 0.05, 0.001, "beats"),
        (-0.2, 0.05, 0.001, "is worse than"),
        (0.2, 0.051, 0.001, "makes no difference that these runs can show against"),
        # Four tests of which none can reach 0.05 / 4.
        (0.2, 0.4, 0.1, "has not enough seeds for a verdict against"),
        (0.2, 0.052, 0.0126, "has not enough seeds for a verdict against"),
        (None, None, 1.0, "has not enough seeds for a verdict against"),
    ],
)
def test_what_a_verdict_needs(estimate, p_holm, smallest_p, expected):
    interval = Interval(estimate, 0.1, 0.3, 5)
    pair = PairAggregate("a", "b", interval, interval, p_holm, smallest_p, interval)
    assert group_verdict(pair, p_holm, 4) == expected


def test_single_seeds_have_no_interval(tmp_path):
    sentence = analysed(write_suite(tmp_path / "results", TASKS[:1], seeds=1)).headline.sentence
    assert sentence.startswith(
        "Not enough seeds for a verdict. Of 1 run each on the one sparse task"
    )
    assert "(no interval available) against SAC" in sentence and "95%" not in sentence
    assert "n = 1 seed per task" in sentence


def test_an_algorithm_without_runs_is_not_compared(tmp_path):
    suite = write_suite(tmp_path / "results", TASKS[:1], seeds=2)
    for place in (4, 5):
        shutil.rmtree(suite.folder(place))
    assert "there is no answer yet" in analysed(suite).headline.sentence
    shutil.rmtree(suite.results / "runs")
    analysis = analysed(suite)
    assert "there is no answer yet" in analysis.headline.sentence
    assert analysis.groups == () and analysis.run_counts == {"missing": 6}
    json.loads(as_json(analysis))


def test_a_task_that_misses_an_algorithm_is_in_no_aggregate(tmp_path):
    suite = write_suite(tmp_path / "results", TASKS, seeds=2)
    for place in (0, 1):
        shutil.rmtree(suite.folder(place))
    groups = {group.name: group.environments for group in analysed(suite).groups}
    assert groups == {
        "all": ("Maze-v0", "Dense-v0"),
        "sparse": ("Maze-v0",),
        "dense": ("Dense-v0",),
    }


def seeds_scoring(*returns):
    columns = [[float(x) for x in returns]] * 2
    return SeedScores(tuple(range(len(returns))), *map(_array, columns), *map(_array, [[]] * 4))


def _array(values):
    return np.asarray(values, dtype=np.float64)


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (range(10, 20), range(10), BETTER),
        (range(10), range(10, 20), WORSE),
        (range(10), range(10), NO_DIFFERENCE),
        ((0.0,) * 10, (0.0,) * 10, NO_DIFFERENCE),
        # Three seeds that do not overlap with three others: p = 0.1 at the least.
        ((4, 5, 6), (1, 2, 3), NOT_ENOUGH_SEEDS),
        ((), (1, 2, 3), NOT_ENOUGH_SEEDS),
    ],
)
def test_verdict_on_one_task(ours, theirs, expected):
    facts = {"A-v0": SyntheticTask("A-v0").facts()}
    scores = {("A-v0", "a"): seeds_scoring(*ours), ("A-v0", "b"): seeds_scoring(*theirs)}
    (comparison,) = compare_all(scores, facts, [("a", "b")])
    assert comparison.verdict == expected


def test_pairs_start_with_the_subject():
    pairs = algorithm_pairs(["sac", "mbpo", "plan2explore"], "plan2explore")
    assert pairs == [("plan2explore", "sac"), ("plan2explore", "mbpo"), ("mbpo", "sac")]
    assert algorithm_pairs(["sac", "mbpo"], "plan2explore") == [("mbpo", "sac")]


def test_a_half_finished_suite_says_on_how_many_of_its_tasks(tmp_path):
    suite = write_suite(tmp_path / "results", TASKS, seeds=5)
    for place, run in enumerate(suite.suite["runs"]):
        if run["environment"] == "Maze-v0" and run["algorithm"] == "mbpo":
            shutil.rmtree(suite.folder(place))
    sentence = analysed(suite).headline.sentence
    assert "Over 1 of the 2 sparse tasks (the rest is not finished) Plan2Explore" in sentence
    assert "; on the one dense task Plan2Explore" in sentence
