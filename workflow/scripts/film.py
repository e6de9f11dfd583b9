"""A film of a trained policy: one deterministic episode of a run's first seed.

Rendered by MuJoCo without a screen where that works; else drawn as a path in the task's declared
projection, which always works.
"""

import argparse
import ctypes
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


def choose_renderer() -> str:
    """What MUJOCO_GL should be: drawing without a screen, or nothing where its libraries lack."""
    try:
        for library in ("libEGL.so.1", "libGL.so.1"):
            ctypes.CDLL(library)
    except OSError:
        return "disable"
    return "egl"


# MuJoCo looks at it when it is imported, and cannot be imported if what it names is not there.
if "MUJOCO_GL" not in os.environ:
    os.environ["MUJOCO_GL"] = choose_renderer()

import mujoco
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from envs import UnknownEnvironmentError, task
from envs.simulator import Simulator, make_simulator
from envs.vector import VectorEnvironment
from evaluate import FINAL_EPISODES, load_algorithm, read_manifest
from p2e.algorithm import Policy
from p2e.checkpoint import CheckpointError
from p2e.config import ConfigError
from p2e.generators import derived_seed
from program.command_line import OneLineParser, choose_device, run_program
from reporting.tables.collect import replace_file
from runs.film_frames import SIZE, FrameSampler, draw_path, encode
from runs.settings import settings_of_manifest


@dataclass(frozen=True)
class Episode:
    """One episode of the first row.

    frames: rendered images, or none. positions: (steps + 1, 2), the visited states in the task's
    projection. every: environment steps from one frame to the next.
    """

    frames: list[Image.Image]
    every: int
    positions: NDArray[np.float64]
    episode_return: float
    length: int
    success: bool


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = OneLineParser(prog="film.py", description=__doc__.splitlines()[0])
    parser.add_argument("--run", required=True, type=Path, help="folder that train.py wrote")
    parser.add_argument("--output", required=True, type=Path, help="folder of the film's files")
    parser.add_argument("--drawn", action="store_true", help="draw the path, do not render")
    return parser.parse_args(arguments)


def set_up_camera(simulator: Simulator) -> None:
    """Small pictures, from the camera that follows the body where the model has one.

    Without a name Gymnasium 1.4 films from a place that stands still, and a body that runs leaves.
    """
    renderer = getattr(simulator, "mujoco_renderer", None)
    if renderer is None:
        return
    renderer.width, renderer.height = SIZE
    following = mujoco.mj_name2id(renderer.model, mujoco.mjtObj.mjOBJ_CAMERA, "track")
    if following != -1:
        renderer.camera_id = following


def why_not_rendered(simulator: Simulator) -> str:
    """Empty where the simulator can be rendered; else the reason in one line.

    Libraries that are missing show in many kinds of exceptions, and any of them means the same.
    """
    set_up_camera(simulator)
    try:
        simulator.reset(seed=0)
        frame = simulator.render()
    except Exception as error:
        return " ".join(f"{type(error).__name__}: {error}".split())
    return "" if isinstance(frame, np.ndarray) else "the simulator renders no image"


def play(
    policy: Policy,
    environment: VectorEnvironment,
    starts: list[int],
    device: torch.device,
    rendered: bool,
) -> Episode:
    """One episode of every row, deterministically; what the first one does is kept."""
    rows = environment.rows
    observation = environment.reset(starts)
    memory = torch.zeros(rows, 1, policy.memory_size, device=device)
    sampler: FrameSampler[Image.Image] = FrameSampler()
    visited, total, length, success = [observation[0]], 0.0, 0, False
    while True:
        if rendered and sampler.wants(length):
            sampler.add(Image.fromarray(environment.render(0)).resize(SIZE))
        seen = torch.as_tensor(observation, device=device).view(rows, 1, -1)
        action = policy.act(seen, memory, deterministic=True)
        memory = policy.remember(seen, action, memory)
        step = environment.step(action.flatten(0, 1).cpu().numpy())
        visited.append(step.next_observation[0])
        total, length, success = total + float(step.reward[0]), length + 1, bool(step.success[0])
        observation = step.observation
        if step.terminated[0] or step.truncated[0]:
            positions = environment.task.projection(np.stack(visited))
            return Episode(sampler.kept, sampler.every, positions, total, length, success)


def film_of(folder: Path, drawn: bool) -> tuple[list[Image.Image], dict[str, Any]]:
    """The frames of a run's film, and what the report says about it."""
    manifest = read_manifest(folder)
    settings, device = settings_of_manifest(manifest), choose_device("cpu")
    simulators = [make_simulator(settings.environment, "rgb_array") for _ in settings.seeds]
    reason = "it was asked for" if drawn else why_not_rendered(simulators[0])
    # A simulator that failed to render may be left half made.
    if reason:
        simulators = [make_simulator(settings.environment) for _ in settings.seeds]
    spec = task(settings.environment)
    environment = VectorEnvironment(spec, simulators, list(settings.seeds))
    algorithm = load_algorithm(settings, folder, environment, device)
    starts = [derived_seed(seed, f"{FINAL_EPISODES} 0") for seed in settings.seeds]
    episode = play(algorithm.task_policy, environment, starts, device, rendered=not reason)
    frames, every = episode.frames, episode.every
    if reason:
        frames, every = draw_path(episode.positions, spec.projection.low, spec.projection.high)
    facts = {
        "seed": settings.seeds[0],
        "return": episode.episode_return,
        "length": episode.length,
        "success": episode.success,
        "frames": len(frames),
        "every": every,
        "drawn": bool(reason),
        "reason": reason,
        "checkpoint": cast(dict[str, str], manifest["files"])["checkpoint.pt"],
    }
    return frames, facts


def main(arguments: list[str] | None = None) -> None:
    """Write film.webp, still.webp and film.json."""
    options = parse_arguments(arguments)
    torch.set_num_threads(1)
    frames, facts = film_of(options.run, options.drawn)
    film, still = encode(frames)
    options.output.mkdir(parents=True, exist_ok=True)
    replace_file(options.output / "film.webp", film)
    replace_file(options.output / "still.webp", still)
    text = json.dumps(facts, indent=1, sort_keys=True) + "\n"
    replace_file(options.output / "film.json", text.encode())
    how = f"drawn ({facts['reason']})" if facts["drawn"] else "rendered"
    print(f"film.py: {len(frames)} frames, {len(film) / 1000:.0f} kB, {how}")


if __name__ == "__main__":
    run_program("film.py", main, ConfigError, UnknownEnvironmentError, CheckpointError)
