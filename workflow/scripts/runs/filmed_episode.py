"""One episode of a trained policy as frames: rendered by MuJoCo, or drawn as a path."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import mujoco
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from envs import Projection, Task
from envs.simulation.make import Simulator, make_simulator
from envs.vector import VectorEnvironment
from p2e.algorithm import Policy
from p2e.nn.generators import derived_seed
from program.command_line import choose_device
from runs.files import CHECKPOINT
from runs.film_frames import SIZE, FrameSampler, draw_curve, draw_path
from runs.settings import settings_of_manifest
from runs.trained_policy import FINAL_EPISODES, load_algorithm, read_manifest


@dataclass(frozen=True)
class FilmedEpisode:
    """One episode of the first row.

    frames: rendered images, or none. visited: (steps + 1, O), the observations. returns:
    (steps + 1,), the sum of the rewards before each of them. every: environment steps from one
    frame to the next.
    """

    frames: list[Image.Image]
    every: int
    visited: NDArray[np.float32]
    returns: NDArray[np.float64]
    success: bool

    @property
    def length(self) -> int:
        """Environment steps."""
        return len(self.returns) - 1

    def drawn(self, projection: Projection | None) -> tuple[list[Image.Image], int]:
        """Frames of a path in the projection, or of the return over the steps if there is none."""
        if projection is None:
            return draw_curve(self.returns)
        return draw_path(projection(self.visited), projection.low, projection.high)


def set_up_camera(simulator: Simulator) -> None:
    """Small pictures, from the camera that follows the body if the model has one.

    Unless a camera is named, Gymnasium 1.4 uses a fixed one, and a running body leaves its view.
    """
    renderer = getattr(simulator.unwrapped, "mujoco_renderer", None)
    if renderer is None:
        return
    renderer.width, renderer.height = SIZE
    following = mujoco.mj_name2id(renderer.model, mujoco.mjtObj.mjOBJ_CAMERA, "track")
    if following != -1:
        renderer.camera_id = following


def rendering_simulators(task: Task, count: int) -> tuple[list[Simulator], str]:
    """Simulators that render images; or none, and the reason in one line.

    Missing libraries cause many kinds of exceptions, and so does a simulator that knows no
    pictures. All of them mean the same.
    """
    try:
        made = task.id, "rgb_array", task.action_repeat
        simulators = [make_simulator(*made) for _ in range(count)]
        set_up_camera(simulators[0])
        simulators[0].reset(seed=0)
        frame = simulators[0].render()
    except Exception as error:
        return [], " ".join(f"{type(error).__name__}: {error}".split())
    if isinstance(frame, np.ndarray):
        return simulators, ""
    return [], "the simulator renders no image"


def play(
    policy: Policy,
    environment: VectorEnvironment,
    starts: list[int],
    device: torch.device,
    rendered: bool,
) -> FilmedEpisode:
    """One deterministic episode of every row; only the first row's is kept."""
    rows = environment.rows
    observation = environment.reset(starts)
    memory = torch.zeros(rows, 1, policy.memory_size, device=device)
    sampler: FrameSampler[Image.Image] = FrameSampler()
    visited, returns = [observation[0]], [0.0]
    while True:
        if rendered and sampler.wants(len(returns) - 1):
            sampler.add(Image.fromarray(environment.render(0)).resize(SIZE))
        seen = torch.as_tensor(observation, device=device).view(rows, 1, -1)
        action = policy.act(seen, memory, deterministic=True)
        memory = policy.remember(seen, action, memory)
        step = environment.step(action.flatten(0, 1).cpu().numpy())
        visited.append(step.next_observation[0])
        returns.append(returns[-1] + float(step.reward[0]))
        observation = step.observation
        if step.terminated[0] or step.truncated[0]:
            path, success = (np.stack(visited), np.array(returns)), bool(step.success[0])
            return FilmedEpisode(sampler.kept, sampler.every, *path, success)


def film_of(folder: Path, drawn: bool) -> tuple[list[Image.Image], dict[str, Any]]:
    """The frames of a run's film, and what the report says about it."""
    manifest = read_manifest(folder)
    settings, device = settings_of_manifest(manifest), choose_device("cpu")
    spec = settings.task
    simulators, reason = (
        ([], "it was asked for") if drawn else rendering_simulators(spec, len(settings.seeds))
    )
    # New ones, because a simulator that failed to render may be in an inconsistent state.
    if reason:
        simulators = [make_simulator(spec.id, None, spec.action_repeat) for _ in settings.seeds]
    environment = VectorEnvironment(spec, simulators, list(settings.seeds))
    algorithm = load_algorithm(settings, folder, environment, device)
    starts = [derived_seed(seed, f"{FINAL_EPISODES} 0") for seed in settings.seeds]
    episode = play(algorithm.task_policy, environment, starts, device, rendered=not reason)
    frames, every = episode.frames, episode.every
    if reason:
        frames, every = episode.drawn(settings.task_settings.projection_of(spec))
    facts = {
        "seed": settings.seeds[0],
        "return": float(episode.returns[-1]),
        "length": episode.length,
        "success": episode.success,
        "frames": len(frames),
        "every": every,
        "drawn": bool(reason),
        "reason": reason,
        "checkpoint": cast(dict[str, str], manifest["files"])[CHECKPOINT],
    }
    return frames, facts
