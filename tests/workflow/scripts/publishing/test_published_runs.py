"""A partly published suite can be continued: its files are enough for the report."""

import json
import shutil
from pathlib import Path

import pytest

import aggregate
from p2e.loop.training_loop import TrainingConfig
from publishing import restore, unfinished
from publishing.publish import copy_run
from reporting.tables.summary import read_summary
from runs.settings.differences import setting_differences
from suites.requested_runs import SuiteError, read_suite, requested_runs
from tests.helpers.films.synthetic_films import write_films
from tests.helpers.paths import ROOT
from tests.workflow.scripts.reporting.page.test_synthetic_suite import SyntheticTask, write_suite


@pytest.fixture
def suite(tmp_path):
    return write_suite(tmp_path / "results" / "mini", [SyntheticTask("A-v0")], seeds=2)


@pytest.fixture
def published(suite, tmp_path):
    """The runs as `make publish` copies them."""
    folder = tmp_path / "published" / "mini"
    copy_run(suite.results / "runs", folder / "runs")
    return folder


def restore_into(suite, published, capsys):
    reports = published.parents[1] / "reports"
    arguments = ["--config", suite.config, "--published", published.parent]
    arguments += ["--results", suite.results, "--reports", reports]
    restore.main([str(argument) for argument in arguments])
    return capsys.readouterr().out


def summary_of(suite):
    aggregate.main(["--results", str(suite.results), "--config", str(suite.config)])
    return read_summary(suite.results / "summary")


def test_restored_runs_have_the_same_numbers(suite, published, capsys):
    before = summary_of(suite)
    shutil.rmtree(suite.results / "runs")
    capsys.readouterr()
    assert restore_into(suite, published, capsys).startswith("6 runs restored; 6 of")
    after = summary_of(suite)
    assert before.runs == after.runs
    for table in ("final", "evaluation", "training", "losses", "open_loop", "predictions"):
        assert getattr(before, table).equals(getattr(after, table))


def test_what_is_there_is_not_replaced(suite, published, capsys):
    shutil.rmtree(suite.folder(0))
    own = suite.folder(1) / "final.csv"
    own.write_text("of this machine")
    assert restore_into(suite, published, capsys).startswith("1 runs")
    assert (suite.folder(0) / "final.csv").is_file()
    assert own.read_text() == "of this machine"


def test_a_run_that_is_not_as_the_suite_asks_for_is_not_restored(suite, published, capsys):
    """A run that was not evaluated, and one with another budget."""
    first, second = (published / suite.folder(n).relative_to(suite.results) for n in (0, 1))
    (first / "final.csv").unlink()
    manifest = json.loads((second / "manifest.json").read_text())
    (second / "manifest.json").write_text(json.dumps(manifest | {"steps": 7}))
    shutil.rmtree(suite.results / "runs")
    assert restore_into(suite, published, capsys).startswith("4 runs")
    assert not suite.folder(0).exists() and not suite.folder(1).exists()


def test_a_film_comes_back_with_the_run_that_it_shows(suite, published, capsys):
    write_films(suite, published / "films")
    of_other = published / "films" / "A-v0" / "mbpo" / "film.json"
    of_other.write_text(json.dumps(json.loads(of_other.read_text()) | {"policy": "other"}))
    shutil.rmtree(suite.results / "runs")
    restore_into(suite, published, capsys)
    films = sorted((published.parents[1] / "reports" / "films").glob("*/*/film.json"))
    assert [film.parent.name for film in films] == ["plan2explore", "sac"]


def test_a_run_of_another_published_suite_is_taken_if_its_settings_are_the_same(
    suite, published, tmp_path, capsys
):
    published.rename(published.with_name("other"))
    shutil.rmtree(suite.results / "runs")
    usual = TrainingConfig().warmup_steps
    asked = suite.suite | {"training": {"warmup_steps": usual + 1}}
    suite.config.write_text(json.dumps(asked), encoding="utf-8")
    assert restore_into(suite, published, capsys).startswith("0 runs")
    asked["training"]["warmup_steps"] = usual
    strict = asked | {"deterministic": "strict"}
    suite.config.write_text(json.dumps(strict), encoding="utf-8")
    assert restore_into(suite, published, capsys).startswith("0 runs")
    suite.config.write_text(json.dumps(asked), encoding="utf-8")
    assert restore_into(suite, published, capsys).startswith("6 runs")


def test_published_runs_stay_usable_where_the_suite_groups_the_seeds_otherwise(
    suite, published, tmp_path, capsys
):
    before = summary_of(suite)
    shutil.rmtree(suite.results / "runs")
    folder = tmp_path / "grouped" / "mini"
    grouped = write_suite(folder, [SyntheticTask("A-v0")], seeds=2, group_size=2)
    asked = grouped.suite["runs"][-1]
    assert asked["algorithm"] == "plan2explore" and asked["seeds"] == [0, 1]
    suite.suite["runs"][-2:] = [asked]
    suite.config.write_text(json.dumps(suite.suite), encoding="utf-8")
    capsys.readouterr()
    words = restore_into(suite, published, capsys)
    assert words.startswith("6 runs restored; 6 of them")
    assert words.endswith("code than is here, 2 with their seeds in other groups\n")
    assert asked_for(suite) == []
    after = summary_of(suite)
    assert before.final.equals(after.final) and before.runs == after.runs
    # What is incomplete is trained in the suite's groups, and said to be missing.
    shutil.rmtree(suite.folder(4).with_name("1"))
    assert (
        asked_for(suite)[0] == (suite.results / "runs/task-0/plan2explore/0-1/final.csv").as_posix()
    )
    statuses = [run["status"] for run in summary_of(suite).runs]
    assert statuses == [*["complete"] * 4, "missing", "left out"]


def test_other_suites_are_asked_for_the_group_itself_first(suite, published, tmp_path, capsys):
    folder = tmp_path / "grouped" / "mini"
    grouped = write_suite(folder, [SyntheticTask("A-v0")], seeds=2, group_size=2)
    suite.suite["runs"] = grouped.suite["runs"]
    suite.config.write_text(json.dumps(suite.suite), encoding="utf-8")
    shutil.copytree(folder / "runs", published.with_name("zero") / "runs")
    shutil.rmtree(suite.results / "runs")
    # What the suite published itself is its own answer, in whatever groups.
    assert "6 with their seeds in other groups" in restore_into(suite, published, capsys)
    shutil.rmtree(suite.results / "runs")
    published.rename(published.with_name("another"))
    assert restore_into(suite, published, capsys).startswith("3 runs restored; 3 of them")


def test_a_suite_of_settings_that_are_no_more_is_one_line(suite, published, capsys):
    asked = suite.suite | {"training": {"warmup": 5}}
    suite.config.write_text(json.dumps(asked), encoding="utf-8")
    with pytest.raises(SuiteError, match=r"suite.json: unknown key 'training.warmup'"):
        restore_into(suite, published, capsys)


def test_a_published_suite_asks_for_its_runs_whatever_was_removed_since():
    """A setting that was removed stays beside those of today: the runs are still the suite's."""
    for file in (ROOT / "published").glob("*/suite.json"):
        assert requested_runs(read_suite(file))
    ablation = requested_runs(read_suite(ROOT / "published" / "ablation" / "suite.json"))
    asked = {run.algorithm: run.settings for run in ablation}
    random, plain = asked["plan2explore-random-networks"], asked["plan2explore"]
    assert random["plan2explore"]["world"]["disagreement"] == "untrained"
    unlike = setting_differences(random, plain, "plan2explore")
    assert [one.key.rpartition(".")[2] for one in unlike] == ["disagreement", "unknown"]


def test_nothing_published_is_said(suite, tmp_path, capsys):
    with pytest.raises(SuiteError, match="no runs are published there"):
        restore_into(suite, tmp_path / "nowhere" / "mini", capsys)


def test_only_missing_and_damaged_runs_are_asked_for_and_their_films(suite):
    """The median of all seeds decides which is filmed."""
    assert asked_for(suite) == []
    (suite.folder(1) / "policy.safetensors").unlink()
    shutil.rmtree(suite.folder(2))
    (suite.folder(3) / "losses.csv").unlink()
    runs = [(suite.folder(place) / "final.csv").as_posix() for place in (1, 2, 3)]
    films = [f"reports/mini/films/A-v0/{name}/film.json" for name in ("sac", "mbpo")]
    assert asked_for(suite) == [*runs, *films]


def test_no_film_is_asked_for_where_a_seed_was_published_without_its_policy(suite):
    shutil.rmtree(suite.folder(1))
    manifest, policy = (suite.folder(0) / name for name in ("manifest.json", "policy.safetensors"))
    manifest.write_text(manifest.read_text().replace("policy.safetensors", "checkpoint.pt"))
    policy.unlink()
    assert asked_for(suite) == [(suite.folder(1) / "final.csv").as_posix()]


def asked_for(suite):
    return unfinished.unfinished(suite.results, suite.config, Path("reports/mini"))
