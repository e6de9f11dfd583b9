"""train.py with compiled networks: where there is a compiler, where there is none, and resuming."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import torch

import train
from p2e.nn.compilation import compile_networks, compiles
from p2e.storage.checkpoint import CheckpointError
from program.process import choose_compiled
from runs.settings.run_settings import resolve_settings
from runs.training_run import TrainingRun
from tests.conftest import needs_a_compiler
from tests.helpers.paths import ROOT
from tests.workflow.scripts.test_train import command

PROGRAM = str(ROOT / "workflow" / "scripts" / "train.py")


def run(output: Path, *options: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """A short training of SAC in a process of its own."""
    return subprocess.run(
        [sys.executable, PROGRAM, *command(output), *options],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def manifest(output: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((output / "manifest.json").read_text())
    return content


def test_without_a_compiler_pytorch_computes_the_networks_and_a_line_says_so(
    tmp_path: Path,
) -> None:
    done = run(tmp_path / "run", CXX="no-such-compiler")
    assert done.returncode == 0
    (said,) = [line for line in done.stderr.splitlines() if "C++ compiler" in line]
    assert said == (
        "train.py: compiling needs a C++ compiler, and there is no no-such-compiler; "
        "PyTorch's operators compute the networks, which takes several times as long"
    )
    assert manifest(tmp_path / "run")["compiled"] is False


def test_to_ask_for_compiled_networks_without_a_compiler_is_an_error_of_one_line(
    tmp_path: Path,
) -> None:
    done = run(tmp_path / "run", "--set", "training.compiled=true", CXX="no-such-compiler")
    assert done.returncode == 2
    assert done.stderr == (
        "train.py: error: compiling needs a C++ compiler, and there is no no-such-compiler\n"
    )
    assert list(tmp_path.iterdir()) == []


@needs_a_compiler
@pytest.mark.parametrize(("asked", "compiled"), [("null", True), ("true", True), ("false", False)])
def test_the_manifest_says_whether_networks_were_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str, compiled: bool
) -> None:
    options = [*command(tmp_path / "run"), "--set", f"training.compiled={asked}"]
    monkeypatch.setattr(sys, "argv", ["train.py", *options])
    train.main()
    assert manifest(tmp_path / "run")["compiled"] is compiled


@needs_a_compiler
def test_what_nobody_asked_for_is_compiled_on_a_cpu_unless_digits_are_to_be_strict() -> None:
    cpu, gpu = torch.device("cpu"), torch.device("cuda")
    for device, strict, expected in ((cpu, True, False), (gpu, False, False), (cpu, False, True)):
        assert choose_compiled(None, device, strict) is compiles() is expected
    assert choose_compiled(True, gpu, False) is compiles() is True


@needs_a_compiler
@pytest.mark.parametrize("first", [True, False])
def test_a_run_is_resumed_only_by_what_computed_its_networks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], first: bool
) -> None:
    arguments = train.parse_arguments(command(tmp_path / "run"))
    given = train.read_settings(arguments.settings)
    settings = resolve_settings("sac", "Pendulum-v1", "100", 120, given)

    def run_of(compiled: bool) -> TrainingRun:
        compile_networks(compiled)
        return TrainingRun(settings, arguments)

    def end_before_the_files_are_written() -> None:
        interrupted = run_of(first)
        monkeypatch.setattr(interrupted, "_write", Mock(side_effect=OSError))
        with pytest.raises(CheckpointError):
            interrupted.execute()

    def compiled_and_attempts() -> tuple[bool, int]:
        of_run = manifest(tmp_path / "run")
        return of_run["compiled"], of_run["attempts"]

    end_before_the_files_are_written()
    run_of(not first).execute()
    words = "is of other code or settings: training starts from the beginning"
    assert words in capsys.readouterr().err
    assert compiled_and_attempts() == (not first, 1)
    end_before_the_files_are_written()
    run_of(first).execute()
    assert "resumed at step 120" in capsys.readouterr().err
    assert compiled_and_attempts() == (first, 2)
