"""A window in which episodes are shown, in real time."""

import os
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import glfw
import gymnasium
import mujoco.viewer

from envs import InvalidEnvironmentError, Task
from envs.simulation.make import Simulator, make_simulator
from runs.films.final_episodes import FinalEpisode
from runs.films.mujoco_parts import mujoco_parts

FRAMES_PER_SECOND = 30  # of a simulator that does not say how many its steps are


def why_no_window() -> str:
    """Empty where a window can be opened; else the reason in one line."""
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return "there is no display (DISPLAY and WAYLAND_DISPLAY are not set)"
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        window = None
        if glfw.init():
            glfw.window_hint(glfw.VISIBLE, glfw.FALSE)
            window = glfw.create_window(8, 8, "", None, None)
            glfw.default_window_hints()
    if window is None:
        reasons = "; ".join(str(warning.message) for warning in said)
        return f"no window can be opened on this display ({reasons})"
    glfw.destroy_window(window)
    return ""


def show(episodes: Sequence[FinalEpisode], task: Task) -> str:
    """Show episodes one after the other; ends early when the window is closed.

    Returns:
        empty, or in one line why the simulator has no window.
    """
    try:
        simulator = make_simulator(task.id, None, task.action_repeat)
        if mujoco_parts(simulator) is not None:
            _show_in_mujoco(simulator, episodes, task)
        else:
            simulator = make_simulator(task.id, "human", task.action_repeat)
            for episode in episodes:
                for _ in episode.repeat(task, simulator):
                    pass  # in this mode each step draws itself, and waits
        simulator.close()
    except (InvalidEnvironmentError, gymnasium.error.DependencyNotInstalled) as error:
        return str(error)
    return ""


def _show_in_mujoco(simulator: Simulator, episodes: Sequence[FinalEpisode], task: Task) -> None:
    seconds = task.action_repeat / simulator.metadata.get("render_fps", FRAMES_PER_SECOND)
    with _viewer(simulator) as viewer:
        for episode in episodes:
            for _ in episode.repeat(task, simulator):
                if not viewer.is_running():
                    return
                viewer.sync()
                time.sleep(seconds)


@contextmanager
def _viewer(simulator: Simulator) -> Iterator[mujoco.viewer.Handle]:
    """MuJoCo's viewer without its panels, following the body where the model has such a camera."""
    before = set(threading.enumerate())
    parts = mujoco_parts(simulator)
    assert parts is not None
    model, data = parts
    viewer = mujoco.viewer.launch_passive(model, data, show_left_ui=False, show_right_ui=False)
    try:
        camera = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_CAMERA, "track")
        if camera != -1:
            viewer.cam.type, viewer.cam.fixedcamid = mujoco.mjtCamera.mjCAMERA_FIXED, camera
        yield viewer
    finally:
        viewer.close()
        # Python crashes when it ends while the viewer's thread is still freeing its window.
        for thread in set(threading.enumerate()) - before:
            thread.join(timeout=10)
