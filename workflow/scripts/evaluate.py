"""The final score of a run: its last policy on fresh evaluation episodes.

Always the last policy, never the one with the best evaluation during training: that score
would be biased upward.
"""

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import torch

from envs import InvalidEnvironmentError
from p2e.config import ConfigError, require
from p2e.loop.recorder import write_csv
from p2e.storage.checkpoint import CheckpointError
from program.command_line import OneLineParser, choose_device, run_program
from program.strict import compute_strictly
from runs.files import COLUMNS, FINAL_SCORES, POLICY, POLICY_DIGEST
from runs.trained_policy import evaluate_run, read_manifest


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = OneLineParser(prog="evaluate.py", description=__doc__.splitlines()[0])
    parser.add_argument("--run", required=True, type=Path, help="folder that train.py wrote")
    parser.add_argument("--episodes", required=True, type=int, help="episodes of each seed")
    parser.add_argument("--device", default="cpu", choices=("auto", "cpu", "cuda"))
    return parser.parse_args(arguments)


def main() -> None:
    """Evaluate, and write final.csv."""
    options = parse_arguments()
    require(options.episodes > 0, "--episodes", options.episodes, "a number greater than 0")
    torch.set_num_threads(1)
    manifest = read_manifest(options.run)
    if manifest.get("deterministic") == "strict":
        compute_strictly()
    results = evaluate_run(options.run, options.episodes, choose_device(options.device))
    scored = {POLICY_DIGEST: manifest["files"][POLICY]}
    rows = [result.row() | scored for result in results]
    temporary = options.run / f"{FINAL_SCORES}.new"
    write_csv(temporary, COLUMNS["final"], rows)
    os.replace(temporary, options.run / FINAL_SCORES)
    mean = sum(result.episode_return for result in results) / len(results)
    print(f"evaluate.py: {options.run}: mean return {mean:.2f} over {len(results)} episodes")


if __name__ == "__main__":
    run_program("evaluate.py", main, ConfigError, InvalidEnvironmentError, CheckpointError)
