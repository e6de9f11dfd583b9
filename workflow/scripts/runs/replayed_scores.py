"""Evaluating a finished run's policy again, and comparing each episode with final.csv."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from numpy.typing import NDArray

from p2e.storage.checkpoint import CheckpointError
from program import provenance
from program.command_line import choose_device
from runs.files import COLUMNS, FINAL_SCORES, MANIFEST, POLICY, POLICY_DIGEST
from runs.trained_policy import evaluate_policy, read_manifest, settings_of_manifest


@dataclass(frozen=True)
class ReplayedRun:
    """A run's recorded and replayed final evaluation.

    Args:
        recorded, replayed: (S,) the mean return of each seed.
        equal: (S,) whether every episode of a seed has the recorded return, length and success, to
            the last bit.
        same_machine: whether processor and package versions are those of the training.
    """

    recorded: NDArray[Any]
    replayed: NDArray[Any]
    equal: NDArray[Any]
    same_machine: bool


def replay(folder: Path) -> ReplayedRun:
    """Evaluate a run's policy on the episodes of its final evaluation.

    Raises:
        CheckpointError: when the policy is missing or is not the one that final.csv scores.
        ConfigError: when the run cannot be repeated with its settings.
    """
    manifest = read_manifest(folder)
    recorded = _read_scores(folder, manifest)
    torch.set_num_threads(1)
    episodes = int(recorded["episode"].nunique())
    settings = settings_of_manifest(manifest)
    results = evaluate_policy(folder / POLICY, settings, episodes, choose_device("cpu"))
    replayed = pd.DataFrame([result.row() for result in results])
    columns = COLUMNS["final"]
    both = recorded[columns].merge(
        replayed[columns], on=["seed", "episode"], how="outer", suffixes=("", "_again")
    )
    same = pd.Series(True, index=both.index)
    for name in ("return", "length", "success"):
        same &= both[name] == both[f"{name}_again"]
    by_seed = both.assign(same=same).groupby("seed")
    return ReplayedRun(
        by_seed["return"].mean().to_numpy(),
        by_seed["return_again"].mean().to_numpy(),
        by_seed["same"].all().to_numpy(),
        _is_same_machine(manifest),
    )


def trained_strictly(folder: Path) -> bool:
    """Whether a run has the digits of `deterministic: strict`. What is wrong with a run that cannot
    be read is said when it is replayed."""
    try:
        return bool(read_manifest(folder).get("deterministic") == "strict")
    except CheckpointError:
        return False


def _read_scores(folder: Path, manifest: Mapping[str, Any]) -> pd.DataFrame:
    file, expected = folder / FINAL_SCORES, manifest["files"].get(POLICY)
    if expected is None or not (folder / POLICY).is_file():
        raise CheckpointError(
            f"policy '{folder / POLICY}' is missing: there is nothing to evaluate"
        )
    try:
        scores = pd.read_csv(file)
        scored = set(scores[POLICY_DIGEST])
    except (OSError, ValueError, KeyError) as error:
        raise CheckpointError(
            f"cannot read '{file}', expected final scores with the policy's digest: {error}"
        ) from error
    if scored != {expected}:
        raise CheckpointError(
            f"'{file}' scores another policy ({', '.join(sorted(map(str, scored)))}) than "
            f"'{folder / POLICY}' ({expected})"
        )
    return scores


def _is_same_machine(manifest: Mapping[str, Any]) -> bool:
    packages = provenance.package_versions()
    recorded = manifest.get("packages", {})
    return manifest.get("cpu") == provenance.cpu_name() and packages == {
        name: recorded.get(name) for name in packages
    }


def replayable_runs(folder: Path) -> list[Path]:
    """The folders runs/<task>/<case>/<seeds> of the finished runs in results/<suite> or
    published/<suite>."""
    found = sorted(file.parent for file in folder.glob(f"runs/*/*/*/{MANIFEST}"))
    return [run for run in found if (run / FINAL_SCORES).is_file()]
