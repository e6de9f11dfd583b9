"""Train one algorithm in one environment for a group of seeds, and write the run's files.

The same command after a kill resumes where the last saved state was, and ends with the same bits;
after the end it says that the run is complete.
"""

import argparse
import hashlib
import json
import os
import platform
import shlex
import shutil
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import torch

from envs import UnknownEnvironmentError
from p2e.algorithm import state_of
from p2e.checkpoint import CheckpointError, FolderLock, load_newest, save_checked, save_weights
from p2e.config import ConfigError
from p2e.metrics import DivergenceError
from p2e.native_library import CompilerError
from p2e.products import rounds_products
from p2e.progress import Progress
from p2e.state_form import require_form
from p2e.training_loop import TrainingLoop
from program import provenance
from program.command_line import OneLineParser, choose_device, run_program
from program.import_graph import program_files
from program.process import prepare_process
from program.strict import compute_strictly, require_strict_possible
from runs.settings import (
    RunSettings,
    build_algorithm,
    coverage_of,
    environments_of,
    resolve_settings,
)

# envs/tools holds programs that no run uses.
CODE = ("p2e/**/*.py", "p2e/native/*pp", "envs/*.py", "envs/tasks/*.py", "envs/assets/*.xml")
# What loading raises for a state of other parts, shapes or kinds than the run's.
NOT_FITTING = (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError)
OUTPUTS = (
    "training.csv",
    "evaluation.csv",
    "losses.csv",
    "coverage.npz",
    "open_loop.csv",
    "predictions.csv",
    "checkpoint.pt",
)


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line, not yet checked against algorithms and environments."""
    parser = OneLineParser(prog="train.py", description=__doc__.splitlines()[0])
    parser.add_argument("--algorithm", required=True, help="sac, mbpo or plan2explore")
    parser.add_argument("--environment", required=True, help="id such as p2e/PointMaze-v0")
    parser.add_argument("--seeds", required=True, help="such as 3, 0-9 or 0,2,5-7")
    parser.add_argument("--steps", required=True, type=int, help="environment steps a seed")
    parser.add_argument("--output", required=True, type=Path, help="the run's folder")
    parser.add_argument("--state", type=Path, help="resumable state (default: OUTPUT.state)")
    parser.add_argument(
        "--state-interval",
        type=float,
        default=60.0,
        help="seconds between saved states; changes no number of the run",
    )
    parser.add_argument(
        "--settings",
        default="{}",
        help="JSON object, or @file with one: sections 'training' and the algorithm's; what is "
        "left out has the default of p2e/, not the value in params.yaml",
    )
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--threads", default=1, type=int, help="CPU threads of this process")
    parser.add_argument(
        "--deterministic",
        default="machine",
        choices=("machine", "strict"),
        help="where the digits are the same: on this kind of machine, or on all x86-64 processors",
    )
    return parser.parse_args(arguments)


def read_settings(text: str) -> dict[str, Any]:
    """The --settings argument as a mapping."""
    try:
        values = json.loads(Path(text[1:]).read_text() if text.startswith("@") else text)
    except (OSError, ValueError) as error:
        raise ConfigError(f"'--settings' is {text!r}, expected a JSON object: {error}") from error
    if not isinstance(values, dict):
        raise ConfigError(f"'--settings' is {text!r}, expected a JSON object")
    return values


def fingerprint(settings: RunSettings, device: torch.device, options: argparse.Namespace) -> str:
    """A state may be resumed only by the same code with the same settings on the same device
    with the same number of threads and the same kind of arithmetic."""
    identity = {
        "code": provenance.code_hash(*CODE, *program_files("workflow/scripts/train.py")),
        "settings": settings.as_mapping(),
        "device": device.type,
        "threads": options.threads,
        "deterministic": options.deterministic,
        "packages": provenance.package_versions(),
    }
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


class Run:
    """One run with its folders: resume, train, write."""

    def __init__(self, settings: RunSettings, options: argparse.Namespace) -> None:
        self.settings, self.options = settings, options
        self.output: Path = options.output
        self.state_folder: Path = options.state or self.output.with_name(
            self.output.name + ".state"
        )
        self.device = choose_device(options.device)
        self.identity = fingerprint(settings, self.device, options)
        self.attempts = 1
        self.cpu = provenance.cpu_name()

    def is_complete(self) -> bool:
        """Whether the output folder already holds this very run, whole."""
        try:
            manifest = json.loads((self.output / "manifest.json").read_text())
            return bool(manifest["fingerprint"] == self.identity) and all(
                provenance.file_hash(self.output / name) == digest
                for name, digest in manifest["files"].items()
            )
        except (OSError, ValueError, KeyError):
            return False

    def execute(self) -> None:
        """Train what is missing, and write the run's files."""
        with FolderLock(self.state_folder, lambda words: print(f"train.py: {words}", flush=True)):
            if self.is_complete():
                print(f"train.py: the run in '{self.output}' is complete: nothing to do")
                return
            loop = self._build_loop()
            self._resume(loop)
            progress = Progress(self.settings.steps, loop.step)
            loop.run(progress, lambda: self._save(loop), self.options.state_interval)
            self._save(loop)
            try:
                self._write(loop)
            except OSError as error:
                raise CheckpointError(
                    f"cannot write the run's files into '{self.output}': {error.strerror}; "
                    "its state is kept, and the same command writes them"
                ) from error

    def _build_loop(self) -> TrainingLoop:
        training = self.settings.training
        environment, evaluation = environments_of(self.settings, training.evaluation_episodes)
        problem, algorithm = build_algorithm(self.settings, environment, self.device)
        coverage = coverage_of(self.settings)
        return TrainingLoop(problem, algorithm, environment, evaluation, training, coverage)

    @property
    def _state_file(self) -> Path:
        return self.state_folder / "state.pt"

    def _save(self, loop: TrainingLoop) -> None:
        save_checked(self._state_file, self._state_of(loop))

    def _state_of(self, loop: TrainingLoop) -> dict[str, Any]:
        return {
            "fingerprint": self.identity,
            "attempts": self.attempts,
            "cpu": self.cpu,
            "loop": loop.state_dict(),
        }

    def _resume(self, loop: TrainingLoop) -> None:
        state, problems = load_newest(self._state_file)
        for problem in problems:
            print(f"train.py: {problem}; not used", file=sys.stderr)
        if state is None:
            return
        try:
            if state["fingerprint"] != self.identity:
                print(
                    f"train.py: the state in '{self.state_folder}' is of other code or settings: "
                    "training starts anew",
                    file=sys.stderr,
                )
                return
            require_form(state, self._state_of(loop), "state")
            loop.load_state_dict(state["loop"])
            self.attempts = state["attempts"] + 1
            if not state["cpu"].endswith(self.cpu):
                self.cpu = f"{state['cpu']}, then {self.cpu}"
        except NOT_FITTING as error:
            raise CheckpointError(
                f"the state in '{self.state_folder}' does not fit this run ({error}): "
                "without that folder training starts anew"
            ) from error
        print(f"train.py: resumed at step {loop.step}", file=sys.stderr)

    def _write(self, loop: TrainingLoop) -> None:
        """Write every file aside first; the manifest appears last.

        Within the output folder: the state may lie on another file system, where os.replace fails.
        """
        staging = self.output / "unfinished"
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        loop.recorder.write(staging)
        seeds = np.asarray(self.settings.seeds, np.int64)
        counts, steps = loop.coverage.arrays()
        np.savez_compressed(staging / "coverage.npz", counts=counts, steps=steps, seeds=seeds)
        save_weights(staging / "checkpoint.pt", state_of(loop.algorithm.policy_components()))
        manifest = json.dumps(self._manifest(loop, staging), indent=2) + "\n"
        (staging / "manifest.json").write_text(manifest)
        # What an earlier checkpoint scored, if there was one here, is no score of this one.
        (self.output / "final.csv").unlink(missing_ok=True)
        for name in (*OUTPUTS, "manifest.json"):
            os.replace(staging / name, self.output / name)
        staging.rmdir()

    def _manifest(self, loop: TrainingLoop, staging: Path) -> dict[str, Any]:
        settings, seconds = self.settings, max(loop.seconds, 1e-9)
        group = len(settings.seeds)
        return {
            "algorithm": settings.algorithm,
            "environment": settings.environment,
            "seeds": list(settings.seeds),
            "steps": settings.steps,
            "config": settings.as_mapping(),
            "command": shlex.join(["python", "workflow/scripts/train.py", *sys.argv[1:]]),
            "fingerprint": self.identity,
            "git_commit": provenance.git_commit(),
            "code_hash": provenance.code_hash(*CODE),
            "packages": provenance.package_versions(),
            "python": platform.python_version(),
            "device": torch.cuda.get_device_name() if self.device.type == "cuda" else "cpu",
            "cpu": self.cpu,
            "threads": self.options.threads,
            "precision": settings.training.precision,
            "rounds_products": rounds_products(self.device),
            "deterministic": self.options.deterministic,
            "seconds": round(seconds, 3),
            "environment_steps_per_second": round(settings.steps * group / seconds, 3),
            "updates_per_second": round(loop.algorithm.agent_updates * group / seconds, 3),
            "attempts": self.attempts,
            "files": {name: provenance.file_hash(staging / name) for name in OUTPUTS},
        }


def main() -> None:
    """Parse, check, train."""
    options = parse_arguments()
    settings = resolve_settings(
        options.algorithm,
        options.environment,
        options.seeds,
        options.steps,
        read_settings(options.settings),
    )
    if options.threads < 1:
        raise ConfigError(f"'--threads' is {options.threads}, expected 1 or more")
    prepare_process(settings.training.precision, options.threads)
    if options.deterministic == "strict":
        require_strict_possible(settings, choose_device(options.device), options.threads)
        compute_strictly()
    started = time.monotonic()
    Run(settings, options).execute()
    print(f"train.py: {options.output} in {time.monotonic() - started:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    run_program(
        "train.py",
        main,
        ConfigError,
        UnknownEnvironmentError,
        CheckpointError,
        DivergenceError,
        CompilerError,
    )
