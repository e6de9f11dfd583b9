"""Watch a trained policy: in a window, as a film, or as the returns of its episodes.

The episodes are those of the final evaluation, in final.csv. A policy.safetensors is enough: it
says how it was trained.
"""

import argparse
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from program.renderer import choose_renderer

# MuJoCo reads MUJOCO_GL on import; the import fails if the backend that it names is not installed.
if "MUJOCO_GL" not in os.environ:
    os.environ["MUJOCO_GL"] = choose_renderer()

import torch

from envs import InvalidEnvironmentError
from p2e.config import ConfigError, require
from p2e.storage.checkpoint import CheckpointError
from p2e.storage.policy_file import read_identity
from program.command_line import OneLineParser, choose_device, run_program
from program.strict import compute_strictly
from runs.files import POLICY
from runs.films.film_file import require_writable_film, write_film
from runs.films.final_episodes import FinalEpisode, final_episodes
from runs.films.window import show, why_no_window
from runs.trained_policy import read_manifest, settings_of_manifest


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = OneLineParser(prog="play.py", description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="a run's folder, or a policy.safetensors")
    parser.add_argument("--seed", type=int, help="of the run's seeds (default: its first)")
    parser.add_argument("--episodes", type=int, default=1, help="how many (default: 1)")
    parser.add_argument(
        "--film", type=Path, help="write the first episode here, as .webp or .mp4; no window"
    )
    return parser.parse_args(arguments)


def policy_of(run: Path) -> tuple[Path, dict[str, Any]]:
    """A run's policy, and the facts that its manifest or the policy itself has about it.

    Raises:
        CheckpointError: when there is no policy, or it is damaged or of another run.
    """
    if run.is_file():
        return run, read_identity(run)
    manifest = read_manifest(run)
    if not (run / POLICY).is_file():
        command = manifest.get("command")
        raise CheckpointError(f"the run in '{run}' has no policy; this trains it: {command}")
    return run / POLICY, manifest


def print_returns(episodes: list[FinalEpisode]) -> None:
    """A line for each episode."""
    for episode in episodes:
        result = episode.result
        success = ", success" if result.success else ""
        print(
            f"seed {result.seed}, episode {result.episode}: return {result.episode_return} "
            f"in {result.length} steps{success}",
            flush=True,
        )


def main(arguments: list[str] | None = None) -> None:
    """Play the episodes, print their returns, and show or film them."""
    options = parse_arguments(arguments)
    require(options.episodes > 0, "--episodes", options.episodes, "a number greater than 0")
    if options.film is not None:
        require_writable_film(options.film)
    policy, facts = policy_of(options.run)
    settings = settings_of_manifest(facts)
    seeds = settings.seeds
    seed = seeds[0] if options.seed is None else options.seed
    require(seed in seeds, "--seed", seed, f"one of the run's: {', '.join(map(str, seeds))}")
    torch.set_num_threads(1)
    if facts.get("deterministic") == "strict":
        compute_strictly()
    every = final_episodes(policy, settings, options.episodes, choose_device("cpu"))
    episodes = [episode for episode in every if episode.result.seed == seed]
    print_returns(episodes)
    if options.film is not None:
        film = write_film(options.film, episodes[0], settings)
        how = f"drawn ({film.reason})" if film.reason else "rendered"
        print(f"play.py: {options.film}: {len(film.frames)} frames of episode 0, {how}")
        return
    reason = why_no_window()
    with suppress(KeyboardInterrupt):
        reason = reason or show(episodes, settings.task)
    if reason:
        print(f"play.py: no window: {reason}; --film FILE.webp writes a film")


if __name__ == "__main__":
    run_program("play.py", main, ConfigError, InvalidEnvironmentError, CheckpointError)
