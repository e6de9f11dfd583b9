"""The trained policy of a run: its last checkpoint, and the episodes of its final evaluation."""

import json
from pathlib import Path
from typing import Any

import torch

from p2e.algorithm import Algorithm, load_state_of
from p2e.loop.checkpoint import CheckpointError, load_weights
from p2e.loop.environment import VectorEnvironment
from p2e.loop.evaluation import EpisodeResult, Watch, evaluate
from program import provenance
from runs.files import CHECKPOINT, MANIFEST
from runs.parts import build_algorithm, environments_of
from runs.settings import RunSettings, settings_of_manifest

# The random stream of the start states: using it again reproduces those of the final evaluation.
FINAL_EPISODES = "final episode"


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a run, after checking that the checkpoint is the one that it names.

    Raises:
        CheckpointError: when manifest or checkpoint is missing, damaged, or of another run.
    """
    path = folder / MANIFEST
    try:
        manifest: dict[str, Any] = json.loads(path.read_text())
        expected = manifest["files"][CHECKPOINT]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"cannot read '{path}', expected the manifest of a finished run: {error}"
        ) from error
    checkpoint = folder / CHECKPOINT
    if checkpoint.is_file() and (found := provenance.file_hash(checkpoint)) != expected:
        raise CheckpointError(
            f"checkpoint '{checkpoint}' is damaged or of another run: its sha256 is "
            f"{found}, expected {expected} as in '{path}'"
        )
    return manifest


def evaluate_run(
    folder: Path, episodes: int, device: torch.device, watch: Watch | None = None
) -> list[EpisodeResult]:
    """Evaluation episodes of the run's last checkpoint; every call gives the same ones.

    Args:
        watch: is shown every step.
    """
    settings = settings_of_manifest(read_manifest(folder))
    training, evaluation = environments_of(settings, episodes)
    algorithm = load_algorithm(settings, folder, training, device)
    return evaluate(
        algorithm.task_policy, evaluation, settings.seeds, episodes, FINAL_EPISODES, device, watch
    )


def load_algorithm(
    settings: RunSettings, folder: Path, environment: VectorEnvironment, device: torch.device
) -> Algorithm:
    """The algorithm of a run with the weights of its last checkpoint.

    Raises:
        CheckpointError: when the checkpoint is missing, damaged, or of another algorithm.
    """
    weights = load_weights(folder / CHECKPOINT)
    _, algorithm = build_algorithm(settings, environment, device)
    try:
        load_state_of(algorithm.policy_components(), weights)
    except (RuntimeError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"checkpoint '{folder / CHECKPOINT}' does not fit its manifest: {error}"
        ) from error
    return algorithm
