"""Draws docs/tasks: `MUJOCO_GL=egl python -m envs.tools.pictures docs/tasks`.

One picture for each sparse task: the start of an episode (left), and the known controller on its
fifth rewarded step (right). The goal is green.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import imageio.v3 as imageio
import mujoco
import numpy as np
from gymnasium.envs.mujoco import MujocoEnv
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from envs.registry import task
from envs.simulation.make import Simulator, make_simulator
from envs.tools.controllers import CONTROLLERS

Frame = NDArray[np.uint8]  # (SIZE, SIZE, 3)

SIZE = 240  # pixels, of each half
REWARDED_STEPS = 5  # before the right half is drawn
COLOUR_STEP = 16  # coarser colours make files small
# The cheetah's own camera follows it, and would not show both the start and the goal.
WIDE_VIEWS = {"p2e/SparseHalfCheetah-v0": {"lookat": (3.0, 0.0, 0.4), "distance": 10.0}}


def draw(environment_id: str) -> Frame:
    """The start and the reached goal side by side, (SIZE, 2 * SIZE + gap, 3)."""
    simulator = make_simulator(environment_id)
    halves = []
    observation, _ = simulator.reset(seed=1)
    halves.append(frame(environment_id, simulator))
    controller = CONTROLLERS[environment_id]()
    left = REWARDED_STEPS
    for _ in range(task(environment_id).horizon):
        action = controller(np.asarray(observation, np.float32)).astype(np.float32)
        observation, reward, terminated, _, _ = simulator.step(action)
        left -= float(reward) > 0
        if left == 0 or terminated:
            break
    else:
        raise RuntimeError(f"the controller of {environment_id} did not reach the goal")
    halves.append(frame(environment_id, simulator))
    simulator.close()
    gap = np.full((SIZE, 8, 3), 255, np.uint8)
    return np.hstack([halves[0], gap, halves[1]])


def frame(environment_id: str, simulator: Simulator) -> Frame:
    """A picture of the simulator's current state."""
    if not isinstance(simulator, MujocoEnv):
        return valley(simulator)
    view: Any = simulator.camera_name
    if environment_id in WIDE_VIEWS:
        view = mujoco.MjvCamera()
        view.azimuth, view.elevation = 90, -20
        view.lookat[:] = WIDE_VIEWS[environment_id]["lookat"]
        view.distance = WIDE_VIEWS[environment_id]["distance"]
    mujoco.mj_forward(simulator.model, simulator.data)
    with mujoco.Renderer(simulator.model, SIZE, SIZE) as renderer:
        renderer.update_scene(simulator.data, view)
        pixels: Frame = renderer.render()
    return pixels // COLOUR_STEP * COLOUR_STEP + COLOUR_STEP // 2


def valley(simulator: Any) -> Frame:
    """Mountain car, drawn here because its own renderer needs one more library."""
    position = float(simulator.state[0])
    figure = Figure(figsize=(2.4, 2.4), dpi=SIZE / 2.4)
    canvas: Any = FigureCanvasAgg(figure)  # draws without a screen
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    ground = np.linspace(simulator.min_position, simulator.max_position, 200)
    axes.fill_between(ground, np.sin(3 * ground), -1.4, color="#40475a")
    goal = ground[ground >= simulator.goal_position]
    axes.fill_between(goal, np.sin(3 * goal), -1.4, color="#48ac5c")
    axes.plot(position, np.sin(3 * position) + 0.09, "o", color="#d94d33", markersize=11)
    axes.set_facecolor("#edede6")
    axes.set_xlim(simulator.min_position, simulator.max_position)
    axes.set_ylim(-1.4, 1.6)
    canvas.draw()
    pixels: Frame = np.asarray(canvas.buffer_rgba())[..., :3].copy()
    return pixels


def main(arguments: Sequence[str] | None = None) -> None:
    """Writes <folder>/<slug>.png for each task."""
    parser = argparse.ArgumentParser(prog="python -m envs.tools.pictures", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("ids", nargs="*", help="environment ids (default: all sparse tasks)")
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    for environment_id in options.ids or CONTROLLERS:
        path = options.folder / f"{task(environment_id).slug}.png"
        imageio.imwrite(path, draw(environment_id), optimize=True)
        print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
