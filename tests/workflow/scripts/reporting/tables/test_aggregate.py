"""Aggregation: which runs are used, and that their numbers are unchanged."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import aggregate
import envs
from reporting.tables.summary import read_summary
from reporting.tables.task_facts import task_facts
from reporting.text import without_machine_paths
from tests.helpers.paths import SCRIPTS
from tests.helpers.suites.synthetic_training import write_csv
from tests.workflow.scripts.reporting.page.test_synthetic_suite import (
    SyntheticTask,
    write_manifest,
    write_suite,
)

TABLES = ("runs.csv", "evaluation.csv", "training.csv", "losses.csv", "final.csv", "coverage.npz")


@pytest.fixture
def suite(tmp_path):
    tasks = [SyntheticTask("A-v0"), SyntheticTask("B-v0", sparse=False)]
    return write_suite(tmp_path / "results" / "mini", tasks, seeds=2)


def aggregated(suite):
    aggregate.main(["--results", str(suite.results), "--config", str(suite.config)])
    return read_summary(suite.results / "summary")


def status_of(summary, path):
    row = next(run for run in summary.runs if run["path"] == path)
    return row["status"], row["reason"]


def test_all_episodes_arrive_bit_for_bit(suite):
    summary = aggregated(suite)
    assert {run["status"] for run in summary.runs} == {"complete"}
    for name in ("final", "evaluation", "training"):
        expected = []
        for run, place in zip(suite.suite["runs"], range(12), strict=True):
            with (suite.folder(place) / f"{name}.csv").open(encoding="utf-8") as stream:
                rows = csv.DictReader(stream)
                expected += [
                    (run["environment"], run["algorithm"], int(row["seed"]), float(row["return"]))
                    for row in rows
                ]
        columns = ["environment", "algorithm", "seed", "return"]
        table = getattr(summary, name)[columns].itertuples(index=False, name=None)
        assert list(table) == expected


def test_metrics_of_different_algorithms_share_one_table(suite):
    losses = aggregated(suite).losses
    is_sac = losses["algorithm"] == "sac"
    assert losses.loc[is_sac, "disagreement"].isna().all()
    assert losses.loc[losses["algorithm"] == "plan2explore", "disagreement"].notna().any()
    assert losses.loc[is_sac, "alpha"].notna().any()


def test_coverage_arrives_with_its_owner(suite):
    summary = aggregated(suite)
    assert len(summary.coverage) == 12
    with np.load(suite.folder(5) / "coverage.npz") as stored:
        np.testing.assert_array_equal(summary.coverage[5].counts, stored["counts"])
    assert (summary.coverage[5].environment, summary.coverage[5].algorithm) == (
        "A-v0",
        "plan2explore",
    )


def test_a_missing_run_is_missing(suite):
    shutil.rmtree(suite.folder(0))
    (suite.folder(1) / "manifest.json").unlink()
    (suite.folder(2) / "final.csv").unlink()
    summary = aggregated(suite)
    assert status_of(summary, "runs/task-0/sac/0")[0] == "missing"
    assert status_of(summary, "runs/task-0/sac/1")[0] == "missing"
    evaluated = "its last policy has not been evaluated yet"
    assert status_of(summary, "runs/task-0/mbpo/0") == ("missing", evaluated)
    final = summary.final
    assert final[(final["environment"] == "A-v0") & (final["algorithm"] == "sac")].empty


def damage_bytes(folder, run):
    path = folder / "policy.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    return "the sha256 of policy.safetensors is not the one in the manifest"


def damage_by_deleting(folder, run):
    (folder / "losses.csv").unlink()
    return "losses.csv is missing"


def damage_manifest(folder, run):
    (folder / "manifest.json").write_text("{", encoding="utf-8")
    return "manifest.json is not readable as JSON"


def damage_budget(folder, run):
    write_manifest(folder, run | {"steps": 7})
    return "its steps is 7, the suite asks for 2000"


FINAL = ("seed", "episode", "return", "length", "success")


def damage_seeds(folder, run):
    write_csv(folder / "final.csv", FINAL, [(5, 0, 1.0, 200, 0)])
    return "final.csv does not hold exactly the seeds of the run"


def damage_number(folder, run):
    write_csv(folder / "final.csv", FINAL, [(0, episode, "nan", 200, 0) for episode in range(4)])
    return "final.csv holds a return that is not a finite number"


def damage_episodes(folder, run):
    write_csv(folder / "final.csv", FINAL, [(0, 0, 150.0, 200, 1)])
    return "final.csv holds 1 episode of seed 0, the suite asks for 4"


def damage_columns(folder, run):
    write_csv(folder / "final.csv", ("seed", "episode"), [(0, 0)])
    return "final.csv lacks the column return"


@pytest.mark.parametrize(
    "damage",
    [
        damage_bytes,
        damage_by_deleting,
        damage_manifest,
        damage_budget,
        damage_seeds,
        damage_number,
        damage_episodes,
        damage_columns,
    ],
)
def test_a_damaged_run_is_named_and_not_used(suite, damage):
    reason = damage(suite.folder(0), suite.suite["runs"][0])
    summary = aggregated(suite)
    status, found = status_of(summary, "runs/task-0/sac/0")
    assert status == "damaged"
    assert reason in found
    mine = (summary.final["environment"] == "A-v0") & (summary.final["algorithm"] == "sac")
    assert set(summary.final.loc[mine, "seed"]) == {1}


def test_folders_that_the_suite_does_not_name_are_left_out(suite):
    shutil.copytree(suite.folder(0), suite.folder(0).with_name("7"))
    shutil.copytree(suite.folder(0), suite.folder(0).with_name("0.state"))
    summary = aggregated(suite)
    left_out = [run["path"] for run in summary.runs if run["status"] == "left out"]
    assert left_out == ["runs/task-0/sac/7"]
    assert set(summary.final["seed"]) == {0, 1}


def test_the_same_runs_give_the_same_bytes(suite):
    aggregated(suite)
    first = {name: (suite.results / "summary" / name).read_bytes() for name in TABLES}
    aggregated(suite)
    assert first == {name: (suite.results / "summary" / name).read_bytes() for name in TABLES}


def test_paths_of_the_machine_stay_on_it(suite):
    folder, run = suite.folder(0), suite.suite["runs"][0]
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["config"]["home"] = f"{folder.parent}/settings.json"
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    run["command"] = f"{sys.executable} {SCRIPTS}/train.py --output {folder}"
    suite.config.write_text(json.dumps(suite.suite), encoding="utf-8")
    row = aggregated(suite).runs[0]
    assert str(suite.results.parent.parent) not in json.dumps(row)
    name = Path(sys.executable).name
    output = "results/mini/runs/task-0/sac/0"
    assert row["command"] == f"{name} workflow/scripts/train.py --output {output}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("--environment p2e/PointMaze-v0 --seeds 0", "--environment p2e/PointMaze-v0 --seeds 0"),
        ("--output=/home/me/results/a/runs", "--output=results/a/runs"),
        ("'/data/x y' 1/2", "'x y' 1/2"),
        ("/usr/bin/python3", "python3"),
        ('{"a": "/etc/secret"}', '{"a": "secret"}'),
    ],
)
def test_only_absolute_paths_are_cut(text, expected):
    assert without_machine_paths(text) == expected


def test_bad_input_is_one_line_and_exit_code_two(tmp_path):
    command = [sys.executable, str(SCRIPTS / "aggregate.py"), "--results", str(tmp_path)]
    command += ["--config", str(tmp_path / "absent.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("aggregate.py: error: ") and done.stderr.count("\n") == 1


def test_facts_come_from_the_registry():
    for environment in envs.task_ids():
        spec, facts = envs.task(environment), task_facts(environment, {})
        assert (facts.random_score, facts.reference_score) == (
            spec.random_score,
            spec.reference_score,
        )
        assert (facts.sparse, facts.horizon) == (spec.sparse, spec.horizon)
    with pytest.raises(envs.UnknownEnvironmentError):
        task_facts("no such task", {})
