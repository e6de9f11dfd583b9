"""verify_policies.py: here every episode to the last bit, elsewhere an interval; refusals."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import verify_policies
from runs.replayed_scores import ReplayedRun, replay, replayable_runs
from suites.requested_runs import SuiteError
from tests.workflow.scripts.test_play import train


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A suite's folder with one short run of SAC, seeds 100 and 102."""
    folder = tmp_path_factory.mktemp("suite")
    train("Pendulum-v1", folder / "runs" / "Pendulum-v1" / "sac" / "100,102")
    return folder


@pytest.fixture
def suite(trained: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(trained, tmp_path / "suite"))


def the_run(suite: Path) -> Path:
    (manifest,) = suite.glob("runs/*/*/*/manifest.json")
    return manifest.parent


def said_by(capsys: pytest.CaptureFixture[str], suite: Path, code: int = 0) -> str:
    """What the program prints; with an exit code of 1 something is not as it should be."""
    arguments = [str(suite), "--jobs", "1"]
    if code:
        with pytest.raises(SystemExit) as end:
            verify_policies.main(arguments)
        assert end.value.code == code
    else:
        verify_policies.main(arguments)
    return capsys.readouterr().out


def change_scores(run: Path, name: str, value: float | str) -> None:
    """Write one value of the first episode in final.csv."""
    scores = pd.read_csv(run / "final.csv", dtype=object)
    scores.loc[0, name] = value
    scores.to_csv(run / "final.csv", index=False)


def change_manifest(run: Path, **facts: object) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    (run / "manifest.json").write_text(json.dumps(manifest | facts))


def test_what_was_trained_here_is_equal(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said_by(capsys, suite) == (
        "Pendulum-v1: sac 2 seeds equal\nEvery policy has the score that was recorded.\n"
    )


@pytest.mark.parametrize(
    ("name", "value"), [("return", "-1.0"), ("length", "199"), ("success", "1")]
)
def test_one_other_number_differs(
    suite: Path, name: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    change_scores(the_run(suite), name, value)
    said = said_by(capsys, suite, code=1)
    assert "sac 1 of 2 seeds equal, DIFFERS although processor and versions are the same" in said
    assert said.endswith("Not every policy has the score that was recorded.\n")


def test_elsewhere_the_interval_decides(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = the_run(suite)
    change_manifest(run, cpu="another")
    assert "sac 2 seeds equal" in said_by(capsys, suite)
    recorded = pd.read_csv(run / "final.csv")
    change_scores(run, "return", recorded["return"][0] + 1e-3)
    assert "1 of 2 seeds equal, mean" in (said := said_by(capsys, suite))
    assert "within the interval" in said
    shifted = recorded.assign(**{"return": recorded["return"] + 1e5})
    shifted.to_csv(run / "final.csv", index=False)
    said = said_by(capsys, suite, code=1)
    assert "0 of 2 seeds equal, DIFFERS: mean" in said and "beyond the interval" in said


def test_a_single_seed_elsewhere_is_said_to_have_no_interval() -> None:
    one = np.array([1.0])
    words, good = verify_policies.verify_case([ReplayedRun(one, one + 1, one == 0, False)])
    assert good and "0 of 1 seed equal" in words and "a single seed has no interval" in words


def test_final_scores_of_another_policy_are_refused(
    suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = pd.read_csv(the_run(suite) / "final.csv").assign(policy="f" * 64)
    scores.to_csv(the_run(suite) / "final.csv", index=False)
    assert f"sac FAILED: '{the_run(suite)}/final.csv' scores another policy ({'f' * 64}) than" in (
        said_by(capsys, suite, code=1)
    )


def test_scores_without_the_policy_s_digest_are_refused(
    suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = the_run(suite)
    pd.read_csv(run / "final.csv").drop(columns="policy").to_csv(run / "final.csv", index=False)
    assert "expected final scores with the policy's digest" in said_by(capsys, suite, code=1)


def test_a_missing_policy_is_named(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = the_run(suite)
    shutil.copytree(run, run.with_name("other"))
    (run / "policy.safetensors").unlink()
    assert "policy.safetensors' is missing: there is nothing to evaluate" in (
        said_by(capsys, suite, code=1)
    )


def test_settings_that_were_removed_may_have_the_value_that_all_runs_have_now(
    suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = the_run(suite)
    config = json.loads((run / "manifest.json").read_text())["config"]
    for capacity, code, words in (
        (1_000_000, 0, "sac 2 seeds equal"),
        (50, 1, "sac FAILED: 'sac.buffer_capacity' is 50, expected 1000000, as for all runs since"),
    ):
        older = config | {"sac": config["sac"] | {"buffer_capacity": capacity}}
        change_manifest(run, config=older)
        assert words in said_by(capsys, suite, code)


@pytest.mark.parametrize(
    ("kind", "expected"), [("machine", ["verify"]), ("strict", ["strict", "verify"])]
)
def test_strict_runs_are_computed_strictly_before_any_process_starts(
    suite: Path, monkeypatch: pytest.MonkeyPatch, kind: str, expected: list[str]
) -> None:
    done: list[str] = []

    def verify(folder: Path, jobs: int) -> bool:
        done.append("verify")
        return True

    monkeypatch.setattr(verify_policies, "verify", verify)
    monkeypatch.setattr(verify_policies, "compute_strictly", lambda: done.append("strict"))
    change_manifest(the_run(suite), deterministic=kind)
    damaged = the_run(suite).with_name("damaged")
    damaged.mkdir()
    for name in ("manifest.json", "final.csv"):  # is no obstacle here
        (damaged / name).touch()
    verify_policies.main([str(suite)])
    assert done == expected


def test_a_suite_without_any_policy_is_one_line(suite: Path) -> None:
    (the_run(suite) / "policy.safetensors").unlink()
    with pytest.raises(SuiteError, match=r"none of its 1 runs has its policy"):
        verify_policies.verify(suite, 1)


def test_a_run_that_is_not_evaluated_yet_is_left_out(suite: Path) -> None:
    run = the_run(suite)
    other = Path(shutil.copytree(run, run.with_name("103")))
    assert replayable_runs(suite) == [run, other]
    (other / "final.csv").unlink()
    assert replayable_runs(suite) == [run]


def test_a_folder_without_runs_says_where_they_are(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="no finished runs there; `dvc pull` brings those"):
        verify_policies.verify(tmp_path, 1)


def test_the_replay_has_the_recorded_means(trained: Path) -> None:
    replayed = replay(the_run(trained))
    assert replayed.same_machine and replayed.equal.tolist() == [True, True]
    scores = pd.read_csv(the_run(trained) / "final.csv")
    means = scores.groupby("seed")["return"].mean().tolist()
    assert replayed.recorded.tolist() == means == replayed.replayed.tolist()
