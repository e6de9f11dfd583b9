"""An algorithm of another package: the example of CONTRIBUTING.md is trained, killed and resumed,
evaluated, and run by a suite; each mistake is one line."""

import csv
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import train
from envs import UnknownEnvironmentError
from p2e.config import ConfigError
from program import provenance
from program.command_line import run_program
from program.repository import TRAINING_CODE
from suites.description import describe
from suites.parameter_errors import ParameterError, Source
from suites.parameters import check
from tests.helpers.foreign_algorithm import NAME, write_example
from tests.helpers.paths import ROOT, SCRIPTS
from tests.workflow.test_pipeline_parameters import VALID

TASK = ["--algorithm", NAME, "--environment", "Pendulum-v1", "--seeds", "100-101"]
TRAINING = {"warmup_steps": 50, "evaluation_interval": 400, "evaluation_episodes": 1}
SETTINGS = ["--settings", json.dumps({"training": TRAINING}), "--set", f"{NAME}.noise=0.5"]
SAME_BITS = ("policy.safetensors", "evaluation.csv", "losses.csv", "coverage.npz")


def arguments(output: Path, steps: int = 800) -> list[str]:
    return [*TASK, *SETTINGS, "--steps", str(steps), "--device", "cpu", "--output", str(output)]


def start(program: str, folder: Path, *options: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, str(SCRIPTS / program), *options],
        env=os.environ | {"PYTHONPATH": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(program: str, folder: Path, *options: str) -> str:
    process = start(program, folder, *options)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    return output


def manifest(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return found


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package, and in `whole` a run that was never killed."""
    folder = tmp_path_factory.mktemp("project")
    write_example(folder)
    run("train.py", folder, *arguments(folder / "whole"))
    return folder


def test_a_run_holds_its_settings_and_learns(package: Path) -> None:
    found = manifest(package / "whole")
    assert found["algorithm"] == NAME and found["config"][NAME] == {"noise": 0.5}
    with (package / "whole" / "losses.csv").open(encoding="utf-8") as file:
        assert sum(float(row["kept"]) for row in csv.DictReader(file)) > 0


def test_the_code_hash_is_of_its_module_too(package: Path) -> None:
    assert manifest(package / "whole")["code_hash"] != provenance.code_hash(*TRAINING_CODE)


def test_a_killed_run_resumes_with_the_same_bits(package: Path, tmp_path: Path) -> None:
    options = [*arguments(tmp_path / "run"), "--state-interval", "0"]
    process, state = start("train.py", package, *options), tmp_path / "run.state" / "state.pt"
    while not state.exists() and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert not (tmp_path / "run" / "manifest.json").exists()
    assert "resumed at step" in run("train.py", package, *options)
    whole, resumed = manifest(package / "whole")["files"], manifest(tmp_path / "run")["files"]
    assert {name: resumed[name] for name in SAME_BITS} == {name: whole[name] for name in SAME_BITS}


def test_an_edit_trains_it_again(package: Path, tmp_path: Path) -> None:
    module = write_example(tmp_path / "copy")
    output = tmp_path / "run"
    run("train.py", tmp_path / "copy", *arguments(output, 100))
    assert "nothing to do" in run("train.py", tmp_path / "copy", *arguments(output, 100))
    module.write_text(module.read_text().replace("torch.tanh(", "torch.sin("))
    said = run("train.py", tmp_path / "copy", *arguments(output, 100))
    assert "is of other code or settings: training starts from the beginning" in said


def test_its_last_policy_is_evaluated(package: Path) -> None:
    run("evaluate.py", package, "--run", str(package / "whole"), "--episodes", "2")
    with (package / "whole" / "final.csv").open(encoding="utf-8") as file:
        assert [row["seed"] for row in csv.DictReader(file)] == ["100", "100", "101", "101"]


GOOD = """
from dataclasses import dataclass
from p2e.algorithms.sac import SAC

@dataclass(frozen=True)
class Config:
    rate: float = 0.5

def build(problem, config):
    return 3
"""
BAD = {
    "cannot import the algorithm 'wrong.none': No module named 'wrong.none', expected an installed"
    " package or one on PYTHONPATH": ("none", None),
    "cannot import the algorithm 'wrong.a': ZeroDivisionError: division by zero": ("a", "1 / 0"),
    "cannot import the algorithm 'wrong.b': SystemExit: 3": ("b", "raise SystemExit(3)"),
    "cannot import the algorithm 'wrong.c': SyntaxError: invalid syntax": ("c", "x = = 1"),
    "cannot import the algorithm 'wrong.d': ModuleNotFoundError: No module named 'absent_one'": (
        "d",
        "import absent_one",
    ),
    "the algorithm 'wrong.e' has no frozen dataclass 'Config'": ("e", "x = 1"),
    "the algorithm 'wrong.f' has no frozen dataclass": ("f", GOOD.replace("(frozen=True)", "")),
    "'wrong.g.Config' expected a default for every setting, of a type that JSON has: TypeError": (
        "g",
        GOOD.replace("= 0.5", ""),
    ),
    "'wrong.h.Config' expected a default for every setting, of a type that JSON has: TypeError: "
    "Object of type complex": ("h", GOOD.replace("float = 0.5", "complex = 1j")),
    "the algorithm 'wrong.i' has no function 'build(problem, config)'": (
        "i",
        GOOD.replace("def build", "def built"),
    ),
    "'wrong.j.build' returned int, expected a p2e.algorithm.Algorithm": ("j", GOOD),
    "unknown key 'wrong.k.rat' (value 1): did you mean 'rate'?": ("k", GOOD),
}


@pytest.fixture
def wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for modules with mistakes; they are forgotten afterwards."""
    (tmp_path / "wrong").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "wrong"]:
        del sys.modules[name]
    return tmp_path / "wrong"


@pytest.mark.parametrize(("message", "module"), BAD.items(), ids=BAD)
def test_a_mistake_is_one_line_and_nothing_is_written(
    message: str,
    module: tuple[str, str | None],
    wrong: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    name, text = module
    if text is not None:
        (wrong / f"{name}.py").write_text(text)
    options = ["--algorithm", f"wrong.{name}", "--environment", "Pendulum-v1", "--seeds", "0"]
    options += ["--steps", "10", "--output", str(tmp_path / "run")]
    options += ["--set", "wrong.k.rat=1"] if name == "k" else []
    monkeypatch.setattr(sys, "argv", ["train.py", *options])
    with pytest.raises(SystemExit) as end:
        run_program("train.py", train.main, ConfigError, UnknownEnvironmentError)
    assert end.value.code == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["wrong"]


FOREIGN: dict[str, Any] = VALID | {
    "algorithms": ["sac", NAME, f"{NAME}-quiet"],
    NAME: {"noise": 0.4},
    "variants": {f"{NAME}-quiet": {"noise": 0.1}},
}


@pytest.fixture
def importable(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(package)


@pytest.mark.usefixtures("importable")
def test_a_suite_runs_it_and_its_variants() -> None:
    check(FOREIGN, [])
    runs = describe(FOREIGN)["runs"]
    (one, *_), (quiet, *_) = (
        [run for run in runs if run["algorithm"] == case] for case in (NAME, f"{NAME}-quiet")
    )
    assert one["path"] == f"results/tiny/runs/Pendulum-v1/{NAME}/0"
    assert f"--algorithm {NAME} " in one["command"] and '"noise":0.4' in one["command"]
    assert quiet["variant_of"] == NAME and '"noise":0.1' in quiet["command"]


@pytest.mark.usefixtures("importable")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({NAME: {"nois": 1}}, f"params.yaml: unknown key '{NAME}.nois' (value 1): did you mean"),
        ({NAME: {"noise": 0}}, f"params.yaml: '{NAME}.noise' is 0.0, expected a number greater"),
        (
            {"variants": {f"{NAME}-quiet": {"noise": "x"}}},
            f"params.yaml: '{NAME}.noise' is 'x', expected a number (YAML reads 1e-3 as text: "
            f"1.0e-3), in the variant '{NAME}-quiet'",
        ),
        (
            {"algorithms": ["sac", "my_package.hill"], "variants": {}},
            "params.yaml: cannot import the algorithm 'my_package.hill': No module named",
        ),
        (
            {"algorithms": ["sac"], "variants": {}, "my_package.hill": {}},
            "params.yaml: cannot import the algorithm 'my_package.hill': No module named",
        ),
        ({"algorithms": ["my-package.x"]}, "params.yaml: 'algorithms[0]' is 'my-package.x', exp"),
        ({"algorithms": ["my_package..x"]}, "params.yaml: 'algorithms[0]' is 'my_package..x', ex"),
        (
            {"algorithms": [f"{NAME}-A"], "variants": {f"{NAME}-A": {}}},
            f"params.yaml: 'variants' has the key '{NAME}-A', expected an algorithm, a hyphen",
        ),
    ],
)
def test_a_mistake_in_a_suite_is_one_line(change: dict[str, Any], message: str) -> None:
    values = FOREIGN | change
    with pytest.raises(ParameterError) as raised:
        check(values, [Source("params.yaml", values)])
    assert str(raised.value).startswith(message)
    assert "\n" not in str(raised.value)


def test_the_example_names_its_file() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert f"`{NAME.replace('.', '/')}.py`" in text and f"--algorithm {NAME} " in text
