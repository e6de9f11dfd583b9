"""A film of a trained policy: of the seed with the median final score, its median episode.

The simulator renders it off-screen if possible. Otherwise the path in the task's projection is
drawn, or, for a task without a projection, the return over the steps. A drawing always works.
"""

import argparse
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from program.renderer import choose_renderer

# MuJoCo reads MUJOCO_GL on import; the import fails if the backend that it names is not installed.
if "MUJOCO_GL" not in os.environ:
    os.environ["MUJOCO_GL"] = choose_renderer()

import torch

from envs import InvalidEnvironmentError
from p2e.config import ConfigError
from p2e.storage.checkpoint import CheckpointError
from program.atomic_file import replace_file
from program.command_line import OneLineParser, run_program
from runs.files import FILM, FILM_FACTS, STILL
from runs.films.film_frames import encode
from runs.films.filmed_episode import EmptyFilmError, film_of


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = OneLineParser(prog="film.py", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--runs",
        required=True,
        nargs="+",
        type=Path,
        help="runs of a task and algorithm",
    )
    parser.add_argument("--output", required=True, type=Path, help="folder of the film's files")
    parser.add_argument("--drawn", action="store_true", help="draw it, do not render")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Write film.webp, still.webp and film.json."""
    options = parse_arguments(arguments)
    torch.set_num_threads(1)
    frames, facts = film_of(options.runs, options.drawn)
    film, still = encode(frames)
    options.output.mkdir(parents=True, exist_ok=True)
    replace_file(options.output / FILM, film)
    replace_file(options.output / STILL, still)
    text = json.dumps(facts, indent=1, sort_keys=True) + "\n"
    replace_file(options.output / FILM_FACTS, text.encode())
    how = f"drawn ({facts['reason']})" if facts["drawn"] else "rendered"
    print(f"film.py: {len(frames)} frames, {len(film) / 1000:.0f} kB, {how}")


if __name__ == "__main__":
    run_program(
        "film.py", main, ConfigError, InvalidEnvironmentError, CheckpointError, EmptyFilmError
    )
