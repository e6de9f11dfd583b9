"""Train every algorithm on environments that the benchmark has not declared, with a kill.

    python tests/acceptance/any_environment.py        2,000 steps of each
    python tests/acceptance/any_environment.py --steps 300 --environments Swimmer-v5

Each run, with the smoke suite's sizes, is compared with one that was never killed: the same
comparison as in chaos.py. One of the environments comes from a package in a temporary folder.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

from p2e.algorithms import algorithm_names  # noqa: E402
from tests.acceptance.chaos import (  # noqa: E402
    TRAIN,
    differing_files,
    modified,
    smoke_arguments,
    wait_until,
)

ENVIRONMENTS = (
    "Swimmer-v5",
    "Ant-v5",
    "dm_control/cartpole-swingup_sparse-v0",
    "tests.helpers.foreign_environments:DictReach-v0",
    "temporary_package:Rolling-v0",
)
# What a user would write in a package of his own.
PACKAGE = '''
import gymnasium
import numpy as np
from gymnasium.spaces import Box


class Rolling(gymnasium.Env):
    """A ball in a bowl; its speed is not observed."""

    observation_space = Box(-10.0, 10.0, (1, 2), np.float64)
    action_space = Box(np.float32([-3.0]), np.float32([1.0]))

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place, self.speed, self.time = self.np_random.normal(), 0.0, 0
        return self.observe(), {}

    def step(self, action):
        wind = self.np_random.normal()
        self.speed += 0.1 * (float(action[0]) - self.place + 0.2 * wind)
        self.place += 0.1 * self.speed
        self.time += 1
        return self.observe(), -self.place**2, abs(self.place) > 3, False, {}

    def observe(self):
        return np.clip([[self.place, np.sin(0.1 * self.time)]], -10, 10)


gymnasium.register("Rolling-v0", entry_point=Rolling, max_episode_steps=150)
'''


@dataclass(frozen=True)
class Outcome:
    """What became of a run that was killed once."""

    environment: str
    algorithm: str
    killed_at: int
    differing: list[str]
    seconds: float

    def describe(self) -> str:
        """A row of a Markdown table."""
        end = f"DIFFERS: {self.differing}" if self.differing else "same bits"
        cells = self.environment, self.algorithm, str(self.killed_at), end, f"{self.seconds:.0f}"
        return f"| {' | '.join(cells)} |"


def arguments_for(algorithm: str, environment: str, steps: int) -> list[str]:
    """The smoke suite's arguments with another environment and number of steps."""
    arguments = smoke_arguments(algorithm)
    for option, value in (("--environment", environment), ("--steps", str(steps))):
        arguments[arguments.index(option) + 1] = value
    return arguments


def start(arguments: list[str], output: Path, packages: Path) -> "subprocess.Popen[bytes]":
    """A training process that finds the package in `packages`, and saves its state often."""
    command = [sys.executable, TRAIN, *arguments, "--output", str(output)]
    path = os.pathsep.join([str(packages), str(ROOT)])
    with output.with_name(f"{output.name}.log").open("a") as log:
        return subprocess.Popen(
            [*command, "--state-interval", "0.2"],
            stdout=log,
            stderr=log,
            env=os.environ | {"PYTHONPATH": path},
        )


def finish(process: "subprocess.Popen[bytes]", output: Path) -> None:
    """Wait for the end of a run, which has to be a good one."""
    if process.wait() != 0:
        raise RuntimeError(output.with_name(f"{output.name}.log").read_text())


def write_package(folder: Path) -> None:
    """The package `temporary_package`."""
    (folder / "temporary_package").mkdir(parents=True)
    (folder / "temporary_package" / "__init__.py").write_text(PACKAGE)


def killed_once(algorithm: str, environment: str, steps: int, folder: Path) -> Outcome:
    """Train twice, once with a kill soon after it began to learn, and compare what was written."""
    whole, killed, packages = folder / "whole", folder / "killed", folder / "packages"
    write_package(packages)
    arguments = arguments_for(algorithm, environment, steps)
    started = time.monotonic()
    finish(start(arguments, whole, packages), whole)
    seconds = time.monotonic() - started
    process = start(arguments, killed, packages)
    state = killed.with_name("killed.state") / "state.pt"
    losses = state.with_name("live") / "losses.csv"
    wait_until(lambda: modified(state) != 0 and len(losses.read_text().splitlines()) > 1)
    assert process.poll() is None, "the run ended before it was killed"
    process.kill()
    process.wait()
    finish(start(arguments, killed, packages), killed)
    log = killed.with_name("killed.log").read_text()
    resumed = [line for line in log.splitlines() if "resumed at step" in line]
    assert len(resumed) == 1, log
    differing = differing_files(whole, killed)
    return Outcome(environment, algorithm, int(resumed[0].rsplit(" ", 1)[1]), differing, seconds)


def main() -> None:
    """Print a table; exit code 1 if one run did not end in the same bits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--environments", nargs="+", default=ENVIRONMENTS)
    parser.add_argument("--algorithms", nargs="+", default=algorithm_names())
    options = parser.parse_args()
    print("| environment | algorithm | resumed at step | after a kill | seconds without one |")
    print("|---|---|---|---|---|", flush=True)
    outcomes = []
    for environment in options.environments:
        for algorithm in options.algorithms:
            with tempfile.TemporaryDirectory() as name:
                outcomes.append(killed_once(algorithm, environment, options.steps, Path(name)))
            print(outcomes[-1].describe(), flush=True)
    sys.exit(1 if any(outcome.differing for outcome in outcomes) else 0)


if __name__ == "__main__":
    main()
