"""Environments that the benchmark has not declared: trained, killed once, and resumed.

tests/acceptance/any_environment.py does it with more steps and every algorithm.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.any_environment import ENVIRONMENTS, arguments_for, finish, killed_once, start
from tests.acceptance.chaos import TRAIN
from tests.helpers.paths import ROOT

# Each environment and each algorithm at least once.
PAIRS = [
    (ENVIRONMENTS[0], "sac"),
    (ENVIRONMENTS[1], "sac"),
    (ENVIRONMENTS[2], "mbpo"),
    (ENVIRONMENTS[3], "mbpo"),
    (ENVIRONMENTS[4], "plan2explore"),
]


@pytest.mark.parametrize(("environment", "algorithm"), PAIRS)
def test_a_killed_run_ends_in_the_same_bits(
    environment: str, algorithm: str, tmp_path: Path
) -> None:
    outcome = killed_once(algorithm, environment, 400, tmp_path)
    assert outcome.differing == []
    assert 0 < outcome.killed_at < 400
    manifest = json.loads((tmp_path / "killed" / "manifest.json").read_text())
    assert manifest["environment"] == environment and manifest["attempts"] == 2


def test_what_cannot_be_repeated_starts_from_the_beginning(tmp_path: Path) -> None:
    """In one line, and to its end."""
    arguments = arguments_for("sac", "tests.helpers.foreign_environments:Drift-v0", 400)
    output, state = tmp_path / "run", tmp_path / "run.state" / "state.pt"
    process = start(arguments, output, tmp_path)
    while not state.exists():
        assert process.poll() is None, (tmp_path / "run.log").read_text()
    process.kill()
    process.wait()
    finish(start(arguments, output, tmp_path), output)
    said = [line for line in (tmp_path / "run.log").read_text().splitlines() if "Drift" in line]
    assert len(said) == 1
    assert "is not deterministic" in said[0]
    assert said[0].endswith("it cannot be resumed, and training starts from the beginning")
    assert json.loads((output / "manifest.json").read_text())["attempts"] == 1


def test_a_fault_while_training_is_one_line(tmp_path: Path) -> None:
    """The environment breaks after the few steps that are tried before anything is written."""
    package = (
        "import gymnasium, numpy as np\n"
        "from gymnasium.envs.classic_control import PendulumEnv\n"
        "class Late(PendulumEnv):\n"
        "    count = 0\n"
        "    def step(self, action):\n"
        "        Late.count += 1\n"
        "        if Late.count > 900: raise ValueError('worn out')\n"
        "        return super().step(action)\n"
        "gymnasium.register('Late-v0', entry_point=Late, max_episode_steps=200)\n"
    )
    (tmp_path / "late.py").write_text(package)
    output = tmp_path / "run"
    arguments = arguments_for("sac", "late:Late-v0", 400)
    ended = subprocess.run(
        [sys.executable, TRAIN, *arguments, "--output", str(output)],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 2
    last = ended.stderr.splitlines()[-1]
    assert last == "train.py: error: environment 'late:Late-v0': step raised ValueError: worn out"
    assert not output.exists()
