"""A training run with its folders: resume, train, and write the run's files."""

import argparse
import hashlib
import json
import os
import platform
import shlex
import shutil
import sys
from contextlib import ExitStack, closing
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from envs import NotDeterministicError
from p2e.loop.live_tables import LiveTables
from p2e.loop.progress import Progress
from p2e.loop.progress_file import ProgressFile
from p2e.loop.recorder import Follower
from p2e.loop.training_loop import TrainingLoop
from p2e.nn.compilation import compiles
from p2e.nn.products import rounds_products
from p2e.storage.checkpoint import CheckpointError, load_newest, save_checked
from p2e.storage.folder_lock import FolderLock
from p2e.storage.policy_file import save_policy
from p2e.storage.state_form import require_form
from program import provenance
from program.command_line import choose_device
from program.foreign_code import with_foreign_code
from program.import_graph import program_files
from program.repository import TRAINING_CODE
from runs.files import (
    COVERAGE,
    FINAL_SCORES,
    LIVE_FOLDER,
    MANIFEST,
    POLICY,
    PROGRESS,
    TRAINING_FILES,
)
from runs.parts import build_algorithm, coverage_of, environments_of
from runs.settings.run_settings import RunSettings
from runs.tensorboard_log import TensorBoardLog

# Exceptions on loading a state whose keys, shapes or types are not those of the run.
NOT_FITTING = (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError)


def fingerprint(settings: RunSettings, device: torch.device, options: argparse.Namespace) -> str:
    """A hash that a saved state has to share to be resumed.

    It covers code, settings, device, threads, package versions and the kind of arithmetic.
    """
    own = provenance.code_hash(*TRAINING_CODE, *program_files("workflow/scripts/train.py"))
    identity = {
        "code": with_foreign_code(own, settings.foreign_modules),
        "settings": settings.as_mapping(),
        "device": device.type,
        "threads": options.threads,
        "deterministic": options.deterministic,
        "compiled": compiles(),
        "packages": provenance.package_versions(*settings.further_packages),
    }
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


class TrainingRun:
    """One run with its folders: resume, train, write."""

    def __init__(self, settings: RunSettings, options: argparse.Namespace) -> None:
        self.settings, self.options = settings, options
        self.output: Path = options.output
        self.state_folder: Path = options.state or self.output.with_name(
            self.output.name + ".state"
        )
        self.device = choose_device(options.device)
        self.identity = fingerprint(settings, self.device, options)
        folder = options.tensorboard
        self.tensorboard = [] if folder is None else [TensorBoardLog(folder)]
        self.attempts = 1
        self.cpu = provenance.cpu_name()

    def is_complete(self) -> bool:
        """Whether the output folder already holds exactly this run, complete."""
        try:
            manifest = json.loads((self.output / MANIFEST).read_text())
            return bool(manifest["fingerprint"] == self.identity) and all(
                provenance.file_hash(self.output / name) == digest
                for name, digest in manifest["files"].items()
            )
        except (OSError, ValueError, KeyError):
            return False

    def execute(self) -> None:
        """Train the remaining steps, and write the run's files."""
        with FolderLock(self.state_folder, lambda words: print(f"train.py: {words}", flush=True)):
            if self.is_complete():
                print(f"train.py: the run in '{self.output}' is complete: nothing to do")
                return
            loop = self._begun_loop()
            self._train(loop)
            try:
                self._write(loop)
            except OSError as error:
                raise CheckpointError(
                    f"cannot write the run's files into '{self.output}': {error.strerror}; "
                    "its state is kept, and the same command writes them"
                ) from error

    def _train(self, loop: TrainingLoop) -> None:
        """Train to the end; whoever looks on is told of every row and of the steps made."""
        live = self.state_folder / LIVE_FOLDER
        with ExitStack() as stack:
            followers: list[Follower] = [LiveTables(live), *self.tensorboard]
            for follower in followers:
                loop.recorder.follow(stack.enter_context(closing(follower)))
            print(f"train.py: rows appear in '{live}' while the run goes on", file=sys.stderr)
            warmup = self.settings.training.warmup_steps
            file = ProgressFile(self.state_folder / PROGRESS, self.settings.steps, warmup)
            progress = Progress(self.settings.steps, loop.step, file=file)
            loop.run(progress, lambda: self._save(loop), self.options.state_interval)
        self._save(loop)

    def _begun_loop(self) -> TrainingLoop:
        """The loop as it was saved, or a new one."""
        loop = self._build_loop()
        try:
            self._resume(loop)
        except NotDeterministicError as error:
            words = f"{error}: it cannot be resumed, and training starts from the beginning"
            print(f"train.py: {words}", file=sys.stderr)
            return self._build_loop()  # the other may be half loaded
        return loop

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
                    "training starts from the beginning",
                    file=sys.stderr,
                )
                return
            require_form(state, self._state_of(loop), "state")
            loop.load_state_dict(state["loop"])
            self.attempts = state["attempts"] + 1
            if not state["cpu"].endswith(self.cpu):
                self.cpu = f"{state['cpu']}, then {self.cpu}"
        except NotDeterministicError:
            raise
        except NOT_FITTING as error:
            raise CheckpointError(
                f"the state in '{self.state_folder}' does not fit this run ({error}): "
                "delete that folder to train from the beginning"
            ) from error
        print(f"train.py: resumed at step {loop.step}", file=sys.stderr)

    def _write(self, loop: TrainingLoop) -> None:
        """Write all files to a temporary folder first; the manifest is moved last.

        The temporary folder is inside the output folder, because the state may be on another file
        system, from which os.replace fails.
        """
        staging = self.output / "unfinished"
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        loop.recorder.write(staging)
        seeds = np.asarray(self.settings.seeds, np.int64)
        counts, steps = loop.coverage.arrays()
        np.savez_compressed(staging / COVERAGE, counts=counts, steps=steps, seeds=seeds)
        save_policy(staging / POLICY, loop.algorithm.policy_components(), self._origin)
        manifest = json.dumps(self._manifest(loop, staging), indent=2) + "\n"
        (staging / MANIFEST).write_text(manifest)
        # Delete the final scores of an earlier policy in this folder.
        (self.output / FINAL_SCORES).unlink(missing_ok=True)
        for name in (*TRAINING_FILES, MANIFEST):
            os.replace(staging / name, self.output / name)
        staging.rmdir()

    @cached_property
    def _origin(self) -> dict[str, Any]:
        """What a policy says about where it comes from. The same training has the same identity on
        every machine and in every commit."""
        return {
            "config": self.settings.as_mapping(),
            "code_hash": with_foreign_code(
                provenance.code_hash(*TRAINING_CODE), self.settings.foreign_modules
            ),
            "deterministic": self.options.deterministic,
        }

    def _manifest(self, loop: TrainingLoop, staging: Path) -> dict[str, Any]:
        settings, seconds = self.settings, max(loop.seconds, 1e-9)
        group = len(settings.seeds)
        return {
            "algorithm": settings.algorithm,
            "environment": settings.environment,
            "seeds": list(settings.seeds),
            "group_size": group,
            "steps": settings.steps,
            **self._origin,
            "git_commit": provenance.git_commit(),
            "command": shlex.join(["python", "workflow/scripts/train.py", *sys.argv[1:]]),
            "fingerprint": self.identity,
            "packages": provenance.package_versions(*settings.further_packages),
            "python": platform.python_version(),
            "device": torch.cuda.get_device_name() if self.device.type == "cuda" else "cpu",
            "cpu": self.cpu,
            "threads": self.options.threads,
            "precision": settings.training.precision,
            "rounds_products": rounds_products(self.device),
            "compiled": compiles(),
            "seconds": round(seconds, 3),
            "seconds_by_part": {
                part: round(spent, 3) for part, spent in loop.part_seconds.of_total(seconds).items()
            },
            "environment_steps_per_second": round(settings.steps * group / seconds, 3),
            "updates_per_second": round(loop.algorithm.agent_updates * group / seconds, 3),
            "attempts": self.attempts,
            "peak_memory_mb": provenance.peak_memory_mb(),
            "files": {name: provenance.file_hash(staging / name) for name in TRAINING_FILES},
        }
