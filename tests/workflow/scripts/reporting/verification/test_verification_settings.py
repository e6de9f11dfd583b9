"""A published number stays comparable when a setting is added or removed after publication."""

import csv
import dataclasses
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import aggregate
import report
import verify
from p2e.algorithms import plan2explore
from publishing.publish import publish
from reporting.figures.figure_set import INDEX
from reporting.statistics.verification_result import (
    AGREES,
    EQUAL,
    LEAVES_OUT,
    OTHER_SETTINGS,
    Verification,
    read_verification,
)
from runs.settings import differences
from runs.settings.run_settings import with_defaults
from suites.variants import base_algorithm
from tests.helpers.suites.synthetic_training import write_csv
from tests.workflow.scripts.reporting.page.test_synthetic_suite import (
    SyntheticSuite,
    SyntheticTask,
    write_manifest,
    write_suite,
)

KEY = "plan2explore.patience"


@contextmanager
def with_setting(default: float) -> Iterator[None]:
    """Plan2Explore with one additional setting."""
    patience = ("patience", float, dataclasses.field(default=default))
    further = dataclasses.make_dataclass(
        "Config", [patience], bases=(plan2explore.Config,), frozen=True
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan2explore, "Config", further)
        yield


def train(suite: SyntheticSuite, **settings: Any) -> None:
    """Train the suite's runs again with the current code.

    Their manifests name every setting, and the file with the times differs.
    """
    for place, run in enumerate(suite.suite["runs"]):
        folder, algorithm = suite.folder(place), base_algorithm(run["algorithm"])
        with (folder / "training.csv").open(newline="") as stream:
            header, *rows = csv.reader(stream)
        times = [[*row[:-1], float(row[-1]) + 0.01] for row in rows]
        write_csv(folder / "training.csv", header, times)
        own = settings if algorithm == "plan2explore" else {}
        whole = with_defaults(algorithm, {algorithm: own})[algorithm]
        write_manifest(folder, run, whole)
    aggregate.main(["--results", str(suite.results), "--config", str(suite.config)])


@pytest.fixture
def suite(tmp_path: Path) -> SyntheticSuite:
    return write_suite(tmp_path / "results" / "mini", [SyntheticTask("A-v0")], seeds=2)


@pytest.fixture
def published(suite: SyntheticSuite, tmp_path: Path) -> Callable[[], Path]:
    """Publishes the current results."""

    def published() -> Path:
        report_folder = tmp_path / "reports" / "mini"
        figures = report_folder / "figures"  # no figures, which would take most of the time
        figures.mkdir(parents=True)
        (figures / INDEX).write_text("[]")
        arguments = ["--summary", str(suite.results / "summary"), "--figures", str(figures)]
        report.main([*arguments, "--output", str(report_folder)], suite.facts_of)
        return publish("mini", tmp_path)

    return published


def verification(suite: SyntheticSuite, folder: Path) -> Verification:
    summary = suite.results / "summary"
    verify.write(summary, folder, suite.facts_of)
    result = read_verification(summary / "verification.json")
    assert result
    return result


def statuses(result: Verification) -> dict[str, set[str]]:
    return {
        algorithm: {row.status for row in result.rows if row.algorithm == algorithm}
        for algorithm in ("sac", "mbpo", "plan2explore")
    }


def keys_of(folder: Path) -> set[str]:
    """The settings of Plan2Explore that the published manifests name."""
    manifests = folder.glob("runs/*/plan2explore/*/manifest.json")
    configs = [json.loads(file.read_text())["config"]["plan2explore"] for file in manifests]
    return {key for config in configs for key in config}


ALL_EQUAL = {algorithm: {EQUAL} for algorithm in ("sac", "mbpo", "plan2explore")}
LEFT_OUT = ALL_EQUAL | {"plan2explore": {OTHER_SETTINGS}}


def test_runs_are_compared_after_a_setting_was_added(
    suite: SyntheticSuite, published: Callable[[], Path]
) -> None:
    train(suite)
    folder = published()
    assert "patience" not in keys_of(folder) and "horizon" in keys_of(folder)
    with with_setting(default=0.0):
        train(suite)
        result = verification(suite, folder)
    assert statuses(result) == ALL_EQUAL and result.verdict == AGREES
    # If the default differs from the previous behaviour, NEUTRAL has the value for the latter.
    with with_setting(default=0.5), pytest.MonkeyPatch.context() as patch:
        train(suite)
        assert statuses(verification(suite, folder)) == ALL_EQUAL
        patch.setitem(differences.NEUTRAL, KEY, 0.0)
        result = verification(suite, folder)
    assert statuses(result) == LEFT_OUT and result.verdict == LEAVES_OUT
    (why,) = {row.why for row in result.rows if row.status == OTHER_SETTINGS}
    assert why == f"it was published with other settings: {KEY} was 0.0, is 0.5"


@pytest.mark.parametrize("value", [0.0, 0.5])
def test_runs_are_compared_after_a_setting_was_removed_that_was_neutral(
    suite: SyntheticSuite,
    published: Callable[[], Path],
    value: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with with_setting(default=0.0):
        suite.config.write_text(json.dumps(suite.suite | {"plan2explore": {"patience": value}}))
        train(suite, patience=value)
        folder = published()
    assert "patience" in keys_of(folder)
    suite.config.write_text(json.dumps(suite.suite))
    train(suite)
    unknown = verification(suite, folder)
    assert statuses(unknown) == LEFT_OUT and unknown.failed
    assert any(f"{KEY} was {value}, is absent, with no" in row.why for row in unknown.rows)
    monkeypatch.setitem(differences.NEUTRAL, KEY, 0.0)
    result = verification(suite, folder)
    assert statuses(result) == (LEFT_OUT if value else ALL_EQUAL)
    assert result.failed == bool(value)


def test_other_settings_fail_and_are_named(
    suite: SyntheticSuite, published: Callable[[], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    train(suite)
    folder = published()
    asked = {"horizon": 7, "multi_step": 2, "task_share": 0.125, "world": {"sequences": 3}}
    suite.config.write_text(json.dumps(suite.suite | {"plan2explore": asked}))
    train(suite, **asked)
    result = verification(suite, folder)
    assert statuses(result) == LEFT_OUT and result.verdict == LEAVES_OUT
    (why,) = {row.why for row in result.rows if row.status == OTHER_SETTINGS}
    assert "plan2explore.horizon was 5, is 7; plan2explore.multi_step was 1, is 2; " in why
    assert why.endswith("; and 1 more")
    with pytest.raises(SystemExit) as end:
        verify.main(["--check", str(suite.results / "summary" / "verification.json")])
    assert end.value.code == 1
    assert "Nothing of plan2explore was compared" in capsys.readouterr().out


def test_published_runs_laid_back_are_no_failure_whatever_was_added(
    suite: SyntheticSuite, published: Callable[[], Path]
) -> None:
    train(suite)
    folder = published()
    with with_setting(default=0.0):
        aggregate.main(["--results", str(suite.results), "--config", str(suite.config)])
        result = verification(suite, folder)
    assert not result.failed and "nothing was trained again" in result.sentence
