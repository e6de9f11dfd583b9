"""Run by test_films.py with MUJOCO_GL set, which MuJoCo reads on import.

It prints how many pixels a body covers in the picture, at the start and far away.
"""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "workflow" / "scripts"))
sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

import mujoco
import numpy as np
from numpy.typing import NDArray

from envs.simulation.make import make_simulator
from runs.films.filmed_episode import set_up_camera


def picture(simulator: Any, x: float, visible: bool) -> NDArray[np.int64]:
    """The body at x metres."""
    model, data = simulator.model, simulator.data
    model.geom_rgba[model.geom_bodyid > 0, 3] = 1.0 if visible else 0.0
    data.qpos[0] = x
    mujoco.mj_forward(model, data)
    return np.asarray(simulator.render(), np.int64)


def pixels_of_the_body(simulator: Any, x: float) -> int:
    """How many pixels change when the body is made invisible."""
    with_body, without = (picture(simulator, x, visible) for visible in (True, False))
    return int((np.abs(with_body - without).max(axis=-1) > 30).sum())


def main() -> None:
    for environment_id in sys.argv[1:]:
        simulator = make_simulator(environment_id, "rgb_array")
        set_up_camera(simulator)
        simulator.reset(seed=0)
        print(pixels_of_the_body(simulator, 0.0), pixels_of_the_body(simulator, 30.0))


if __name__ == "__main__":
    main()
