"""The trained policy of a run, its last one, and the episodes of its final evaluation."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from p2e.algorithm import Algorithm
from p2e.config import ConfigError, require
from p2e.loop.environment import VectorEnvironment
from p2e.loop.evaluation import EpisodeResult, Watch, evaluate
from p2e.storage.checkpoint import CheckpointError
from p2e.storage.policy_file import load_policy
from program import provenance
from runs.files import MANIFEST, OLDER_POLICY, POLICY
from runs.parts import build_algorithm, environments_of
from runs.settings.differences import NEUTRAL, known_and_removed
from runs.settings.run_settings import RunSettings, resolve_settings

# The random stream of the start states: using it again reproduces those of the final evaluation.
FINAL_EPISODES = "final episode"


def settings_of_manifest(manifest: Mapping[str, Any]) -> RunSettings:
    """The settings with which a finished run was trained.

    Raises:
        ConfigError: in one line, when they cannot be used: among others for a setting that was
            removed, if the code does not behave as it asks for.
    """
    try:
        config = manifest["config"]
        algorithm, seeds = config["algorithm"], ",".join(str(seed) for seed in config["seeds"])
        known, removed = known_and_removed(algorithm, config[algorithm])
        for key, value in removed.items():
            expected = f"{NEUTRAL[key]!r}, as for all runs since this setting was removed"
            require(value == NEUTRAL[key], key, value, expected)
        sections = {"training": config["training"], algorithm: known}
        sections["task"] = config.get("task", {})
        return resolve_settings(algorithm, config["environment"], seeds, config["steps"], sections)
    except (KeyError, TypeError) as error:
        raise ConfigError(f"manifest.json holds no usable 'config': {error}") from error


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a run, after checking that the policy beside it is the one that it names.

    Raises:
        CheckpointError: when the manifest is missing, or one of them is damaged or of another run.
    """
    path, policy = folder / MANIFEST, folder / POLICY
    try:
        manifest: dict[str, Any] = json.loads(path.read_text())
        files = manifest["files"]
        expected = files.get(POLICY, files.get(OLDER_POLICY))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"cannot read '{path}', expected the manifest of a finished run: {error}"
        ) from error
    if policy.is_file() and (found := provenance.file_hash(policy)) != expected:
        raise CheckpointError(
            f"policy '{policy}' is damaged or of another run: its sha256 is "
            f"{found}, expected {expected} as in '{path}'"
        )
    return manifest


def evaluate_run(folder: Path, episodes: int, device: torch.device) -> list[EpisodeResult]:
    """Evaluation episodes of the run's policy; every call gives the same ones."""
    settings = settings_of_manifest(read_manifest(folder))
    return evaluate_policy(folder / POLICY, settings, episodes, device)


def evaluate_policy(
    policy: Path,
    settings: RunSettings,
    episodes: int,
    device: torch.device,
    watch: Watch | None = None,
) -> list[EpisodeResult]:
    """The episodes of evaluate_run, of a policy that was trained with these settings.

    Args:
        watch: is shown every step.

    Raises:
        CheckpointError: when the policy is missing, damaged, or of another form.
    """
    training, evaluation = environments_of(settings, episodes)
    algorithm = load_algorithm(settings, policy, training, device)
    return evaluate(
        algorithm.task_policy, evaluation, settings.seeds, episodes, FINAL_EPISODES, device, watch
    )


def load_algorithm(
    settings: RunSettings, policy: Path, environment: VectorEnvironment, device: torch.device
) -> Algorithm:
    """The algorithm of a run; what acts in its evaluation has the weights in this file.

    Raises:
        CheckpointError: when the policy is missing, damaged, or of another form.
    """
    _, algorithm = build_algorithm(settings, environment, device)
    load_policy(policy, algorithm.policy_components())
    return algorithm
