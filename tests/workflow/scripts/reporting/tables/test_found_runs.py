"""Runs whose seeds were trained in other groups than the suite asks for."""

import shlex
import shutil
from pathlib import Path

import pytest

from reporting.tables.collect import collect
from reporting.tables.found_runs import find_runs
from suites.requested_runs import requested_runs
from tests.workflow.scripts.reporting.page.test_synthetic_suite import (
    SyntheticSuite,
    SyntheticTask,
    write_suite,
)

TASKS = [SyntheticTask("A-v0")]


def suites_of(tmp_path: Path, asked: int, trained: int) -> tuple[SyntheticSuite, SyntheticSuite]:
    """The runs of five seeds that a suite asks for, and the results of another group size."""
    here = write_suite(tmp_path / "asked" / "mini", TASKS, 5, asked, algorithms=["sac"])
    there = write_suite(tmp_path / "trained" / "mini", TASKS, 5, trained, algorithms=["sac"])
    return here, there


def found_in(results: Path, suite: SyntheticSuite) -> list[tuple[str, str]]:
    found = find_runs(results, requested_runs(suite.suite))
    return [(run.requested.path.rpartition("/")[2], run.status) for run in found]


@pytest.mark.parametrize(
    ("asked", "trained", "groups"),
    [
        (5, 1, ["0", "1", "2", "3", "4"]),
        (1, 5, ["0-4"]),
        (3, 2, ["0-1", "2-3", "4"]),
        (2, 2, ["0-1", "2-3", "4"]),
    ],
)
def test_complete_runs_of_other_groups_take_the_place_of_missing_ones(
    tmp_path, asked, trained, groups
):
    suite, results = suites_of(tmp_path, asked, trained)
    assert found_in(results.results, suite) == [(group, "complete") for group in groups]


def test_a_group_that_lacks_a_seed_is_missing_as_a_whole(tmp_path):
    suite, there = suites_of(tmp_path, 3, 1)
    shutil.rmtree(there.folder(1))
    expected = [("0-2", "missing"), ("3", "complete"), ("4", "complete")]
    assert found_in(there.results, suite) == expected


def test_runs_of_other_settings_take_no_place(tmp_path):
    suite, there = suites_of(tmp_path, 5, 1)
    suite.suite["training"] = {"warmup_steps": 1}
    assert found_in(there.results, suite) == [("0-4", "missing")]


def test_a_run_that_is_there_is_not_replaced(tmp_path):
    """Neither if it is complete nor if it is damaged, which has to be said."""
    suite, there = suites_of(tmp_path, 5, 1)
    shutil.copytree(suite.folder(0), own := there.folder(0).with_name("0-4"))
    assert found_in(there.results, suite) == [("0-4", "complete")]
    (own / "losses.csv").unlink()
    assert found_in(there.results, suite) == [("0-4", "damaged")]


def test_a_run_in_place_of_another_has_the_command_that_repeats_it(tmp_path):
    suite, there = suites_of(tmp_path, 5, 1)
    asked, results = requested_runs(suite.suite), there.results
    for run, place in zip(find_runs(results, asked), range(5), strict=True):
        assert run.requested.command == there.suite["runs"][place]["command"]
        assert run.requested.path == f"runs/task-0/sac/{place}"
    settings = ["--settings", '{"sac":{"agent":{"hidden":[8, 8]}}}']
    command = shlex.join(["train.py", *settings, "--seeds", "0-4", "--output", "results/a/0-4"])
    other = asked[0].__class__(**(asked[0].__dict__ | {"command": command})).of_seeds("3", (3,))
    expected = ["train.py", *settings, "--seeds", "3", "--output", "results/a/3"]
    assert shlex.split(other.command) == expected


def test_the_table_of_runs_names_the_runs_that_were_used(tmp_path):
    suite, there = suites_of(tmp_path, 5, 1)
    rows = collect(there.results, suite.suite, tmp_path / "summary")
    assert [(row["seeds"], row["status"]) for row in rows] == [
        (str(n), "complete") for n in range(5)
    ]
    shutil.copytree(suite.folder(0), there.folder(0).with_name("0-4"))
    rows = collect(there.results, suite.suite, tmp_path / "summary")
    expected = [("0-4", "complete"), *((str(n), "left out") for n in range(5))]
    assert [(row["seeds"], row["status"]) for row in rows] == expected
