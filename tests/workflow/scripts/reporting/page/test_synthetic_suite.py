"""Synthetic run folders for testing the report, and tests that they have the real format.

The numbers are random. They test aggregation, statistics and the page, and are not results.
"""

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from p2e.loop.training_loop import TrainingConfig
from reporting.tables.task_facts import TaskFacts
from suites.variants import base_algorithm
from tests.helpers.suites.synthetic_training import (
    ALGORITHMS,
    BINS,
    write_coverage,
    write_csv,
    write_losses,
    write_model_tables,
)

FINAL_EPISODES = 4


@dataclass(frozen=True)
class SyntheticTask:
    """A task with random runs: `levels` are the normalised scores that they approach.

    Its runs stay the same where the report does not know the two scores, or has no projection.
    """

    id: str
    sparse: bool = True
    steps: int = 2000
    random_score: float = -10.0
    reference_score: float = 90.0
    scores_known: bool = True
    projected: bool = True
    levels: tuple[float, float, float] = (0.1, 0.3, 0.8)
    variant_levels: tuple[tuple[str, float], ...] = ()
    idle_score: float | None = None
    return_range: tuple[float, float] | None = None

    def level(self, case: str) -> float:
        """The score that the runs of an algorithm or a variant approach."""
        levels = dict(zip(ALGORITHMS, self.levels, strict=True)) | dict(self.variant_levels)
        return levels[case]

    def facts(self) -> TaskFacts:
        """What the registry would return for it."""
        return TaskFacts(
            id=self.id,
            horizon=200,
            sparse=self.sparse,
            description="Reward 1 on a step that ends at most 0.4 m from the goal, else 0.",
            success_description="The goal was reached.",
            success_declared=self.sparse,
            random_score=self.random_score if self.scores_known else None,
            reference_score=self.reference_score if self.scores_known else None,
            reference_source="drawn for a test" if self.scores_known else "",
            projection_labels=("x (m)", "y (m)") if self.projected else None,
            projection_low=(-2.0, -1.0) if self.projected else None,
            projection_high=(2.0, 1.0) if self.projected else None,
            idle_score=self.idle_score,
            return_range=self.return_range,
        )


@dataclass(frozen=True)
class SyntheticSuite:
    """The folders, the content of suite.json, and the tasks' facts."""

    results: Path
    suite: dict[str, Any]
    tasks: dict[str, SyntheticTask]

    @property
    def config(self) -> Path:
        """The path of suite.json."""
        return self.results / "summary" / "suite.json"

    def facts_of(self, environment: str, of_suite: Mapping[str, Any]) -> TaskFacts:
        """Stands in for the registry of environments."""
        return self.tasks[environment].facts()

    def folder(self, place: int) -> Path:
        """The folder of the suite's run at `place`."""
        path: str = self.suite["runs"][place]["path"]
        return self.results / path.removeprefix(f"results/{self.results.name}/")


def write_suite(
    results: Path,
    tasks: Sequence[SyntheticTask],
    seeds: int = 5,
    group_size: int = 1,
    evaluations: int = 6,
    algorithms: Sequence[str] = ALGORITHMS,
    variants: Mapping[str, Any] | None = None,
) -> SyntheticSuite:
    """Write one run folder per task, algorithm and group of seeds, and suite.json."""
    groups = [range(first, min(first + group_size, seeds)) for first in range(0, seeds, group_size)]
    runs = []
    for place, task in enumerate(tasks):
        for algorithm in algorithms:
            for group in groups:
                name = f"{group[0]}-{group[-1]}" if len(group) > 1 else str(group[0])
                path = f"results/{results.name}/runs/task-{place}/{algorithm}/{name}"
                run = {
                    "environment": task.id,
                    "algorithm": algorithm,
                    "seeds": list(group),
                    "steps": task.steps,
                    "path": path,
                    **({"variant_of": base_algorithm(algorithm)} if "-" in algorithm else {}),
                    "command": f"python workflow/scripts/train.py --algorithm {algorithm} "
                    f"--environment {task.id} --seeds {name} --steps {task.steps} --output {path}",
                }
                runs.append(run)
                folder = results / "runs" / f"task-{place}" / algorithm / name
                write_run(folder, task, run, evaluations, (variants or {}).get(algorithm, {}))
    suite = {
        "suite": results.name,
        "tasks": [{"environment": task.id, "steps": task.steps} for task in tasks],
        "algorithms": list(algorithms),
        **({"variants": variants} if variants else {}),
        "seeds": {"first": 0, "count": seeds, "group_size": group_size},
        "evaluation": {"final_episodes": FINAL_EPISODES},
        "runs": runs,
    }
    written = SyntheticSuite(results, suite, {task.id: task for task in tasks})
    written.config.parent.mkdir(parents=True, exist_ok=True)
    written.config.write_text(json.dumps(suite), encoding="utf-8")
    return written


def write_run(
    folder: Path,
    task: SyntheticTask,
    run: dict[str, Any],
    evaluations: int,
    settings: Mapping[str, Any],
) -> None:
    """Write the files of one run, from a random generator that depends only on the run."""
    folder.mkdir(parents=True)
    key = zlib.crc32(f"{task.id} {run['algorithm']} {run['seeds']}".encode())
    generator = np.random.default_rng(key)
    level = task.level(run["algorithm"])
    ends = {seed: level + 0.12 * generator.standard_normal() for seed in run["seeds"]}
    steps = np.linspace(0, task.steps, evaluations).astype(int)
    curves = {seed: _curve(task, end, steps, generator) for seed, end in ends.items()}
    _write_episodes(folder, task, curves, steps, generator)
    write_losses(folder, run, generator)
    write_model_tables(folder, run, steps, generator)
    write_coverage(folder, run, steps, generator, BINS if task.projected else 0)
    (folder / "policy.safetensors").write_bytes(generator.bytes(64))
    write_manifest(folder, run, settings)


def _curve(
    task: SyntheticTask, end: float, steps: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    middle, width = generator.uniform(0.25, 0.6), generator.uniform(0.06, 0.12)
    rise = 1 / (1 + np.exp(-(steps / task.steps - middle) / width))
    score = end * rise + 0.02 * generator.standard_normal(len(steps))
    return task.random_score + (task.reference_score - task.random_score) * score


def _write_episodes(
    folder: Path,
    task: SyntheticTask,
    curves: dict[int, np.ndarray],
    steps: np.ndarray,
    generator: np.random.Generator,
) -> None:
    spread = 0.05 * (task.reference_score - task.random_score)
    half_way = (task.reference_score + task.random_score) / 2
    evaluation, final, training = [], [], []
    for seed, curve in curves.items():
        for step, height in zip(steps, curve, strict=True):
            for episode in range(3):
                value = height + spread * generator.standard_normal()
                evaluation.append((seed, step, episode, value, 200, int(value > half_way)))
        for episode in range(FINAL_EPISODES):
            value = curve[-1] + spread * generator.standard_normal()
            final.append((seed, episode, value, 200, int(value > half_way)))
        for episode, step in enumerate(range(200, task.steps + 1, 200)):
            value = np.interp(step, steps, curve) + spread * generator.standard_normal()
            training.append((seed, step, episode, value, 200, 0.1 * episode))
    header = ("seed", "step", "episode", "return", "length", "success")
    write_csv(folder / "evaluation.csv", header, evaluation)
    write_csv(folder / "final.csv", ("seed", *header[2:]), final)
    write_csv(folder / "training.csv", (*header[:-1], "seconds"), training)


def write_manifest(
    folder: Path, run: dict[str, Any], settings: Mapping[str, Any] | None = None
) -> None:
    """Write manifest.json with the true hashes of the files beside it."""
    names = [
        *("training.csv", "evaluation.csv", "losses.csv", "coverage.npz"),
        *("open_loop.csv", "predictions.csv", "policy.safetensors"),
    ]
    algorithm = base_algorithm(run["algorithm"])
    cost = 1.0 + ALGORITHMS.index(algorithm)
    training = {"warmup_steps": TrainingConfig().warmup_steps}
    own = {"agent": {"batch_size": 256}} | dict(settings or {})
    config = {"training": training, algorithm: own, "device": "cpu", "seeds": run["seeds"]}
    manifest = {
        "algorithm": algorithm,
        **{key: run[key] for key in ("environment", "seeds", "steps")},
        "config": config,
        "command": run["command"],
        "git_commit": "0123456789abcdef0123456789abcdef01234567",
        "code_hash": hashlib.sha256(b"code").hexdigest(),
        "packages": {"torch": "2.13.0", "numpy": "2.4.6"},
        "python": "3.11.7",
        "device": "cpu",
        "cpu": "a processor",
        "threads": 1,
        "precision": "float32",
        "compiled": True,
        "seconds": 10.0 * cost * len(run["seeds"]),
        "environment_steps_per_second": 200.0 / cost,
        "updates_per_second": 180.0 / cost,
        "attempts": 1,
        "peak_memory_mb": 401.5,
        "files": {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def test_folders_keep_the_contract(tmp_path):
    suite = write_suite(tmp_path / "results", [SyntheticTask("A-v0")], seeds=3, group_size=3)
    folder = suite.folder(0)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    with np.load(folder / "coverage.npz") as coverage:
        assert coverage["counts"].shape == (6, 3, BINS, BINS)
        assert coverage["counts"][-1].sum() == 3 * 2000


@pytest.mark.parametrize(("seeds", "group_size", "runs"), [(4, 1, 12), (5, 2, 9)])
def test_seeds_are_grouped(tmp_path, seeds, group_size, runs):
    suite = write_suite(tmp_path / "results", [SyntheticTask("A-v0")], seeds, group_size)
    assert len(suite.suite["runs"]) == runs
    assert all(suite.folder(place).is_dir() for place in range(runs))
