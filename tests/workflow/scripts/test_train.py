"""train.py and evaluate.py as a user runs them: bad input, and complete runs."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch
from safetensors.torch import load_file

import train
from envs import InvalidEnvironmentError
from p2e.algorithms import algorithm_names
from p2e.config import ConfigError
from p2e.loop.evaluation import evaluate as play
from p2e.storage.checkpoint import CheckpointError
from program import provenance
from program.command_line import run_program
from program.repository import TRAINING_CODE
from runs.parts import environments_of
from runs.settings.run_settings import resolve_settings
from runs.trained_policy import evaluate_run, load_algorithm, read_manifest, settings_of_manifest
from runs.training_run import TrainingRun, fingerprint
from tests.helpers import foreign_environments  # noqa: F401  (registers them)
from tests.helpers.paths import ROOT

SETTINGS = {
    "training": {
        "warmup_steps": 20,
        "evaluation_interval": 60,
        "evaluation_episodes": 1,
        "log_interval": 20,
    },
    "sac": {"agent": {"hidden": [8], "batch_size": 8}},
}
GOOD = {
    "--algorithm": "sac",
    "--environment": "Pendulum-v1",
    "--seeds": "100",
    "--steps": "120",
    "--settings": json.dumps(SETTINGS),
    "--device": "cpu",
}


def command(output: Path, **changes: str) -> list[str]:
    options = GOOD | {f"--{name}": value for name, value in changes.items()}
    return [*(text for option in options.items() for text in option), "--output", str(output)]


BAD = {
    "unknown algorithm 'sacc': did you mean 'sac'?": {"algorithm": "sacc"},
    "unknown environment 'Pendulum-v7': did you mean 'Pendulum-v1'?": {
        "environment": "Pendulum-v7"
    },
    "environment 'CartPole-v1' has the action space Discrete(2); expected a Box of floats": {
        "environment": "CartPole-v1"
    },
    "environment 'no_such:Thing-v0' needs the package 'no_such', which is not installed": {
        "environment": "no_such:Thing-v0"
    },
    "environment 'Endless-v0' does not say how long an episode is: give the key 'task.horizon'": {
        "environment": "Endless-v0"
    },
    "environment 'FaultyReset-v0': reset raised OSError: the robot is not connected": {
        "environment": "FaultyReset-v0"
    },
    "environment 'FaultyNan-v0': step returned an observation with NaN or infinity": {
        "environment": "FaultyNan-v0"
    },
    "environment 'FaultyShape-v0': step returned an observation of shape (2, 1), but": {
        "environment": "FaultyShape-v0"
    },
    "'task.horizon' is 0, expected a number greater than 0": {
        "settings": '{"task": {"horizon": 0}}'
    },
    "unknown key 'task.horizn' (value 9): did you mean 'horizon'?": {
        "settings": '{"task": {"horizn": 9}}'
    },
    "'task.coverage.high' is (0.0, 1.0), expected 2 numbers above those of 'low'": {
        "settings": '{"task": {"coverage": {"features": [0, 1], "low": [0, 0], "high": [0, 1]}}}'
    },
    "'task.reference_score' is None, expected a number exactly where 'random_score' is one": {
        "settings": '{"task": {"random_score": 1.0}}'
    },
    "'--steps' is 0, expected": {"steps": "0"},
    "'--seeds' is '-1', expected": {"seeds": "-1"},
    "'--seeds' is '3-1', expected": {"seeds": "3-1"},
    "'--seeds' is '1,1', expected": {"seeds": "1,1"},
    "unknown key 'sac.agent.hiden' (value [8]): did you mean 'hidden'?": {
        "settings": '{"sac": {"agent": {"hiden": [8]}}}'
    },
    "'training.log_interval' is 2147483648, expected at most 2147483647": {
        "settings": '{"training": {"log_interval": 2147483648}}'
    },
    "'sac.agent.learning_rate' is 1000": {
        "settings": f'{{"sac": {{"agent": {{"learning_rate": {10**400}}}}}}}'
    },
    "'training.warmup_steps' is '9', expected int": {
        "settings": '{"training": {"warmup_steps": "9"}}'
    },
    "'--settings' is 'mbpo', expected only the sections": {"settings": '{"mbpo": {}}'},
    "'--settings' is '{', expected a JSON object": {"settings": "{"},
    "'--set' is 'horizon', expected SECTION.KEY=VALUE": {"set": "horizon"},
    "unknown key 'sac.agent.hiden' (value [8]): did you mean": {"set": "sac.agent.hiden=[8]"},
}


@pytest.mark.parametrize(("message", "changes"), BAD.items(), ids=BAD)
def test_bad_input_is_one_line_and_nothing_is_written(
    message: str,
    changes: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["train.py", *command(tmp_path / "run", **changes)])
    with pytest.raises(SystemExit) as end:
        run_program("train.py", train.main, ConfigError, InvalidEnvironmentError)
    assert end.value.code == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_settings_of_the_command_line_lie_over_those_in_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = ["--set", "sac.agent.learning_rate=2e-3", "--set", "training.log_interval=40"]
    monkeypatch.setattr(sys, "argv", ["train.py", *command(tmp_path / "run"), *over])
    train.main()
    config = read_manifest(tmp_path / "run")["config"]
    assert config["sac"]["agent"]["learning_rate"] == 0.002
    assert config["sac"]["agent"]["hidden"] == [8]
    assert (config["training"]["log_interval"], config["training"]["warmup_steps"]) == (40, 20)


def test_the_help_names_algorithms_and_where_the_settings_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="0"):
        train.parse_arguments(["--help"])
    words = capsys.readouterr().out
    assert all(name in words for name in (*algorithm_names(), "docs/settings.md", "--set"))


def start(output: Path) -> "subprocess.Popen[bytes]":
    program = str(ROOT / "workflow" / "scripts" / "train.py")
    arguments = [sys.executable, program, *command(output), "--state-interval", "0"]
    return subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was never killed."""
    output = tmp_path_factory.mktemp("whole") / "run"
    assert start(output).wait(timeout=300) == 0
    return output


def test_a_complete_run_is_not_trained_again(
    whole: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (whole / "manifest.json").stat().st_mtime_ns
    monkeypatch.setattr(sys, "argv", ["train.py", *command(whole)])
    train.main()
    assert "is complete: nothing to do" in capsys.readouterr().out
    assert (whole / "manifest.json").stat().st_mtime_ns == before


def test_a_run_that_went_on_elsewhere_names_both_processors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = train.parse_arguments(command(tmp_path))
    settings = resolve_settings(
        "sac", "Pendulum-v1", "100", 120, train.read_settings(arguments.settings)
    )

    def run_on(processor: str) -> TrainingRun:
        monkeypatch.setattr(provenance, "cpu_name", lambda: processor)
        return TrainingRun(settings, arguments)

    first = run_on("one, AVX2")
    monkeypatch.setattr(first, "_write", failing := Mock(side_effect=OSError))
    with pytest.raises(CheckpointError):
        first.execute()
    failing.assert_called_once()
    run_on("two, AVX512").execute()
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert (manifest["cpu"], manifest["attempts"]) == ("one, AVX2, then two, AVX512", 2)


def test_the_final_score_is_of_the_last_policy_and_repeatable(whole: Path) -> None:
    device = torch.device("cpu")
    first = evaluate_run(whole, 3, device)
    assert first == evaluate_run(whole, 3, device)
    assert [(result.seed, result.episode) for result in first] == [(100, 0), (100, 1), (100, 2)]
    assert len({result.episode_return for result in first}) == 3


@pytest.mark.parametrize("damage", ["missing", "truncated"])
def test_a_damaged_policy_is_named(whole: Path, tmp_path: Path, damage: str) -> None:
    (tmp_path / "manifest.json").write_bytes((whole / "manifest.json").read_bytes())
    if damage == "truncated":
        (tmp_path / "policy.safetensors").write_bytes(
            (whole / "policy.safetensors").read_bytes()[:500]
        )
    with pytest.raises(
        CheckpointError, match=r"policy '.*policy\.safetensors' is (missing|damaged)"
    ):
        evaluate_run(tmp_path, 1, torch.device("cpu"))


@pytest.mark.parametrize("manifest", [{}, {"config": []}, {"config": {"algorithm": "sac"}}])
def test_a_manifest_without_settings_is_named(manifest: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"manifest\.json holds no usable 'config'"):
        settings_of_manifest(manifest)


@pytest.mark.parametrize(
    "error", [MemoryError("20 GB"), RuntimeError("DefaultCPUAllocator: can't allocate memory")]
)
def test_too_little_memory_is_one_line(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    def program() -> None:
        raise error

    with pytest.raises(SystemExit) as end:
        run_program("train.py", program)
    assert end.value.code == 2
    assert capsys.readouterr().err == f"train.py: error: not enough memory: {error}\n"


def test_another_error_of_torch_is_not_hidden() -> None:
    def program() -> None:
        raise RuntimeError("shapes do not fit")

    with pytest.raises(RuntimeError, match="shapes"):
        run_program("train.py", program)


def test_the_final_score_is_of_the_saved_policy(whole: Path) -> None:
    settings = settings_of_manifest(read_manifest(whole))
    environment = environments_of(settings, 1)[0]
    file = whole / "policy.safetensors"
    algorithm = load_algorithm(settings, file, environment, torch.device("cpu"))
    saved, used = load_file(file), algorithm.policy_components()["actor"].state_dict()
    assert {f"actor.{name}" for name in used} == saved.keys()
    assert all(torch.equal(used[name], saved[f"actor.{name}"]) for name in used)


def test_the_final_episodes_start_where_no_evaluation_did(whole: Path) -> None:
    settings, cpu = settings_of_manifest(read_manifest(whole)), torch.device("cpu")
    training, environment = environments_of(settings, 1)
    policy = load_algorithm(settings, whole / "policy.safetensors", training, cpu).task_policy

    def score(step: int) -> float:
        stream = f"evaluation at step {step}, episode"
        (result,) = play(policy, environment, settings.seeds, 1, stream, cpu)
        return result.episode_return

    with (whole / "evaluation.csv").open(encoding="utf-8") as file:
        logged = {int(row["step"]): float(row["return"]) for row in csv.DictReader(file)}
    scores = [score(step) for step in (0, 60, 120)]
    assert [*logged] == [0, 60, 120] and logged[120] == pytest.approx(scores[-1])
    (final,) = evaluate_run(whole, 1, cpu)
    assert final.episode_return not in scores


def test_a_state_of_other_settings_or_code_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def identity(steps: int = 120, **changes: str) -> str:
        options = train.parse_arguments(command(tmp_path, **changes))
        given = train.read_settings(options.settings)
        settings = resolve_settings("sac", "Pendulum-v1", "100", steps, given)
        return fingerprint(settings, torch.device("cpu"), options)

    others = [identity(121), identity(settings="{}"), identity(threads="2")]
    others.append(identity(deterministic="strict"))
    same = identity()
    assert identity() == same
    monkeypatch.setattr(provenance, "code_hash", lambda *patterns: "of other code")
    assert len({same, *others, identity()}) == 6


@pytest.mark.parametrize(
    ("file", "matters"),
    [
        ("p2e/agent/actor.py", True),
        ("p2e/algorithms/sac.py", True),
        ("envs/registry.py", True),
        ("envs/tasks/maze.py", True),
        ("envs/assets/maze.xml", True),
        ("workflow/scripts/report.py", False),
    ],
)
def test_the_code_of_a_run_is_that_of_algorithms_and_environments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, matters: bool
) -> None:
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    (tmp_path / file).parent.mkdir(parents=True)
    hashes = set()
    for content in ("one", "other"):
        (tmp_path / file).write_text(content)
        hashes.add(provenance.code_hash(*TRAINING_CODE))
    assert len(hashes) == (2 if matters else 1)
