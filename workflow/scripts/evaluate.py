"""The final score of a run: its last checkpoint on fresh evaluation episodes.

The last one, never the best of the evaluations while training, which would be biased upward.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import torch

from envs import UnknownEnvironmentError
from p2e.algorithm import Algorithm, load_state_of
from p2e.checkpoint import CheckpointError, load_weights
from p2e.config import ConfigError, require
from p2e.environment import VectorEnvironment
from p2e.evaluation import EpisodeResult, evaluate
from p2e.recorder import write_csv
from program import provenance
from program.command_line import OneLineParser, choose_device, run_program
from program.strict import compute_strictly
from runs.settings import RunSettings, build_algorithm, environments_of, settings_of_manifest

# Names the start states: whoever plays these again starts where the final evaluation started.
FINAL_EPISODES = "final episode"
COLUMNS = ["seed", "episode", "return", "length", "success"]


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = OneLineParser(prog="evaluate.py", description=__doc__.splitlines()[0])
    parser.add_argument("--run", required=True, type=Path, help="folder that train.py wrote")
    parser.add_argument("--episodes", required=True, type=int, help="episodes of each seed")
    parser.add_argument("--device", default="cpu", choices=("auto", "cpu", "cuda"))
    return parser.parse_args(arguments)


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a run, whose checkpoint is the one that it names.

    Raises:
        CheckpointError: when manifest or checkpoint is missing, damaged, or of another run.
    """
    path = folder / "manifest.json"
    try:
        manifest: dict[str, Any] = json.loads(path.read_text())
        expected = manifest["files"]["checkpoint.pt"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"cannot read '{path}', expected the manifest of a finished run: {error}"
        ) from error
    checkpoint = folder / "checkpoint.pt"
    if checkpoint.is_file() and (found := provenance.file_hash(checkpoint)) != expected:
        raise CheckpointError(
            f"checkpoint '{checkpoint}' is damaged or of another run: its sha256 is "
            f"{found}, expected {expected} as in '{path}'"
        )
    return manifest


def evaluate_run(folder: Path, episodes: int, device: torch.device) -> list[EpisodeResult]:
    """Episodes of the run's last checkpoint, the same ones at every call."""
    settings = settings_of_manifest(read_manifest(folder))
    training, evaluation = environments_of(settings, episodes)
    algorithm = load_algorithm(settings, folder, training, device)
    return evaluate(
        algorithm.task_policy, evaluation, settings.seeds, episodes, FINAL_EPISODES, device
    )


def load_algorithm(
    settings: RunSettings, folder: Path, environment: VectorEnvironment, device: torch.device
) -> Algorithm:
    """The algorithm of a run with the weights of its last checkpoint.

    Raises:
        CheckpointError: when the checkpoint is missing, damaged, or of another algorithm.
    """
    weights = load_weights(folder / "checkpoint.pt")
    _, algorithm = build_algorithm(settings, environment, device)
    try:
        load_state_of(algorithm.policy_components(), weights)
    except (RuntimeError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"checkpoint '{folder / 'checkpoint.pt'}' does not fit its manifest: {error}"
        ) from error
    return algorithm


def main() -> None:
    """Evaluate, and write final.csv."""
    options = parse_arguments()
    require(options.episodes > 0, "--episodes", options.episodes, "a number greater than 0")
    torch.set_num_threads(1)
    if read_manifest(options.run).get("deterministic") == "strict":
        compute_strictly()
    results = evaluate_run(options.run, options.episodes, choose_device(options.device))
    rows = [result.row() for result in results]
    temporary = options.run / "final.csv.new"
    write_csv(temporary, COLUMNS, rows)
    os.replace(temporary, options.run / "final.csv")
    mean = sum(result.episode_return for result in results) / len(results)
    print(f"evaluate.py: {options.run}: mean return {mean:.2f} over {len(results)} episodes")


if __name__ == "__main__":
    run_program("evaluate.py", main, ConfigError, UnknownEnvironmentError, CheckpointError)
