"""Draws docs/tasks: `MUJOCO_GL=egl python -m envs.tools.pictures docs/tasks`.

One picture for each task outside of the DeepMind Control Suite. Of a sparse task it is the start of
an episode (left) and the known controller on its fifth rewarded step (right), the goal green; of a
dense one, which has no controller, the start alone.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import imageio.v3 as imageio
import mujoco
import numpy as np
from gymnasium.envs.classic_control import PendulumEnv
from gymnasium.envs.mujoco import MujocoEnv
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from envs.registry import task, task_ids
from envs.simulation.control_suite import NAMESPACE
from envs.simulation.make import Simulator, make_simulator
from envs.tools.controllers import CONTROLLERS

Frame = NDArray[np.uint8]  # (SIZE, SIZE, 3)

SIZE = 240  # pixels, of each half
REWARDED_STEPS = 5  # before the right half is drawn
COLOUR_STEP = 16  # coarser colours make files small
# From where tasks are seen whose model has no camera that shows body and goal. It follows the body:
# from far enough to show the start and the goal at once, the body would be some pixels.
FOLLOWING = {"p2e/SparseHalfCheetah-v0": {"distance": 3.6, "elevation": -14.0, "height": 0.45}}


def drawn_ids() -> list[str]:
    """The tasks that have a picture. Those of dm_control are rendered by another program."""
    return [known for known in task_ids() if not known.startswith(NAMESPACE)]


def draw(environment_id: str) -> Frame:
    """The start, (SIZE, SIZE, 3); beside it the reached goal, (SIZE, 2 * SIZE + gap, 3)."""
    simulator = make_simulator(environment_id)
    observation, _ = simulator.reset(seed=1)
    pixels = frame(environment_id, simulator)
    if environment_id in CONTROLLERS:
        gap = np.full((SIZE, 8, 3), 255, np.uint8)
        pixels = np.hstack([pixels, gap, goal(environment_id, simulator, observation)])
    simulator.close()
    return pixels


def goal(environment_id: str, simulator: Simulator, observation: Any) -> Frame:
    """The simulator after the known controller has reached the goal."""
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
    return frame(environment_id, simulator)


def frame(environment_id: str, simulator: Simulator) -> Frame:
    """A picture of the simulator's current state."""
    if not isinstance(simulator, MujocoEnv):
        draw_plainly = rod if isinstance(simulator, PendulumEnv) else valley
        return draw_plainly(simulator)
    # Gymnasium's models have a camera that follows the body, or none, where MuJoCo's own does.
    view: Any = simulator.camera_name or ("track" if simulator.model.ncam else -1)
    if environment_id in FOLLOWING:
        wanted = FOLLOWING[environment_id]
        view = mujoco.MjvCamera()
        view.azimuth, view.elevation, view.distance = 90, wanted["elevation"], wanted["distance"]
        view.lookat[:] = simulator.data.qpos[0], 0.0, wanted["height"]
    mujoco.mj_forward(simulator.model, simulator.data)
    with mujoco.Renderer(simulator.model, SIZE, SIZE) as renderer:
        renderer.update_scene(simulator.data, view)
        pixels: Frame = renderer.render()
    return pixels // COLOUR_STEP * COLOUR_STEP + COLOUR_STEP // 2


def valley(simulator: Any) -> Frame:
    """Mountain car, drawn here because its own renderer needs one more library."""
    position = float(simulator.state[0])
    axes = canvas()
    ground = np.linspace(simulator.min_position, simulator.max_position, 200)
    axes.fill_between(ground, np.sin(3 * ground), -1.4, color="#40475a")
    reached = ground[ground >= simulator.goal_position]
    axes.fill_between(reached, np.sin(3 * reached), -1.4, color="#48ac5c")
    axes.plot(position, np.sin(3 * position) + 0.09, "o", color="#d94d33", markersize=11)
    axes.set_xlim(simulator.min_position, simulator.max_position)
    axes.set_ylim(-1.4, 1.6)
    return pixels_of(axes)


def rod(simulator: Any) -> Frame:
    """The pendulum of Gymnasium, whose renderer needs the same library."""
    angle = float(simulator.state[0])  # 0 is upright
    axes = canvas()
    tip = -np.sin(angle), np.cos(angle)
    axes.plot((0, tip[0]), (0, tip[1]), color="#40475a", linewidth=9, solid_capstyle="round")
    axes.plot(0, 0, "o", color="#d94d33", markersize=7)
    axes.set_xlim(-1.5, 1.5)
    axes.set_ylim(-1.5, 1.5)
    return pixels_of(axes)


def canvas() -> Any:
    """Axes that fill a square picture, drawn without a screen."""
    figure = Figure(figsize=(2.4, 2.4), dpi=SIZE / 2.4)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_facecolor("#edede6")
    axes.spines[:].set_visible(False)
    axes.set(xticks=[], yticks=[])
    return axes


def pixels_of(axes: Any) -> Frame:
    """What was drawn on such axes."""
    drawn = axes.figure.canvas
    drawn.draw()
    pixels: Frame = np.asarray(drawn.buffer_rgba())[..., :3].copy()
    return pixels


def main(arguments: Sequence[str] | None = None) -> None:
    """Writes <folder>/<slug>.png for each task."""
    parser = argparse.ArgumentParser(prog="python -m envs.tools.pictures", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("ids", nargs="*", help="environment ids (default: all)")
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    for environment_id in options.ids or drawn_ids():
        path = options.folder / f"{task(environment_id).slug}.png"
        imageio.imwrite(path, draw(environment_id), optimize=True)
        print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
