"""One episode of a trained policy as frames: rendered by the simulator, or drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import mujoco
import numpy as np
from PIL import Image

from envs import Task
from envs.simulation.make import Simulator, make_simulator
from p2e.storage.checkpoint import CheckpointError
from program.command_line import choose_device
from runs.files import FINAL_SCORES, POLICY
from runs.films.film_frames import MOST_FRAMES, SIZE, FrameSampler, draw_curve, draw_path
from runs.films.final_episodes import FinalEpisode, final_episodes
from runs.films.median_episode import median_episode
from runs.films.visible_body import BodyWatch
from runs.settings.run_settings import RunSettings
from runs.trained_policy import read_manifest, settings_of_manifest


@dataclass(frozen=True)
class Film:
    """The frames of an episode.

    Args:
        every: environment steps from one frame to the next.
        reason: why the frames are drawn; empty where they are rendered.
        fault: why the frames show nothing; empty where they show a body that moves, or where that
            cannot be told.
    """

    frames: list[Image.Image]
    every: int
    reason: str
    fault: str = ""


class EmptyFilmError(Exception):
    """A film that shows nothing; the message names the run and says what is missing."""


def set_up_camera(simulator: Simulator, size: tuple[int, int] = SIZE) -> None:
    """Pictures of this size, from the camera that follows the body if the model has one.

    Unless a camera is named, Gymnasium 1.4 uses a fixed one, and a running body leaves its view.
    """
    renderer = getattr(simulator.unwrapped, "mujoco_renderer", None)
    if renderer is None:
        return
    renderer.width, renderer.height = size
    following = mujoco.mj_name2id(renderer.model, mujoco.mjtObj.mjOBJ_CAMERA, "track")
    if following != -1:
        renderer.camera_id = following


def rendering_simulator(task: Task, size: tuple[int, int] = SIZE) -> tuple[Simulator | None, str]:
    """A simulator that renders images; or none, and the reason in one line.

    Missing libraries cause many kinds of exceptions, and so does a simulator that knows no
    pictures. All of them mean the same.
    """
    try:
        simulator = make_simulator(task.id, "rgb_array", task.action_repeat)
        set_up_camera(simulator, size)
        simulator.reset(seed=0)
        frame = simulator.render()
    except Exception as error:
        return None, " ".join(f"{type(error).__name__}: {error}".split())
    if isinstance(frame, np.ndarray):
        return simulator, ""
    return None, "the simulator renders no image"


def film_of_episode(
    episode: FinalEpisode,
    settings: RunSettings,
    drawn: bool = False,
    size: tuple[int, int] = SIZE,
    most: int = MOST_FRAMES,
) -> Film:
    """At most `most` rendered frames of this size. Where nothing can be rendered, the drawn path in
    the task's projection, or the return over the steps if it has none."""
    task = settings.task
    simulator, reason = (None, "it was asked for") if drawn else rendering_simulator(task, size)
    if simulator is None:
        projection = settings.task_settings.projection_of(task)
        if projection is None:
            return Film(*draw_curve(episode.returns(task)), reason)
        positions = projection(episode.observations)
        return Film(*draw_path(positions, projection.low, projection.high), reason)
    sampler: FrameSampler[Image.Image] = FrameSampler(most)
    watch = BodyWatch(simulator)
    for step in episode.repeat(task, simulator):
        if sampler.wants(step):
            picture = cast(Any, simulator.render())
            sampler.add(Image.fromarray(picture).resize(size))
            watch.look(step, picture)
    return Film(sampler.kept, sampler.every, "", watch.fault())


def film_of(folders: Sequence[Path], drawn: bool) -> tuple[list[Image.Image], dict[str, Any]]:
    """The frames of the film of these runs, and what the report says about it.

    Raises:
        CheckpointError: when the policy is missing, or not the one that its final scores are of.
        EmptyFilmError: when no body that moves is to be seen.
    """
    chosen = median_episode(folders)
    manifest = read_manifest(chosen.folder)
    settings, digest = settings_of_manifest(manifest), manifest["files"][POLICY]
    if digest != chosen.policy:
        raise CheckpointError(
            f"'{chosen.folder / FINAL_SCORES}' scores the policy {chosen.policy}, expected "
            f"{digest} as in the manifest: evaluate it again"
        )
    cpu = choose_device("cpu")
    # All of them side by side, as in the evaluation: only then are the digits the same.
    every = final_episodes(chosen.folder / POLICY, settings, chosen.episodes, cpu)
    (episode,) = (
        episode
        for episode in every
        if (episode.result.seed, episode.result.episode) == (chosen.seed, chosen.episode)
    )
    film = film_of_episode(episode, settings, drawn)
    if film.fault:
        raise EmptyFilmError(f"'{chosen.folder}': {film.fault}")
    facts = {
        "seed": chosen.seed,
        "episode": chosen.episode,
        "return": episode.result.episode_return,
        "length": episode.result.length,
        "success": episode.result.success,
        "frames": len(film.frames),
        "every": film.every,
        "drawn": bool(film.reason),
        "reason": film.reason,
        "policy": digest,
    }
    return film.frames, facts
