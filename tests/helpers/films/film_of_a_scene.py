"""Run by test_films.py with MUJOCO_GL set, which MuJoCo reads on import.

It prints what is wrong with pictures of an environment: as they are, with bodies that cannot be
seen, with a camera that looks away, and with a body that never moves.
"""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "workflow" / "scripts"))
sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

import numpy as np

from envs.simulation.make import make_simulator
from runs.films.filmed_episode import set_up_camera
from runs.films.mujoco_parts import mujoco_parts
from runs.films.visible_body import BodyWatch

STEPS = 20


def fault(environment_id: str, change: str) -> str:
    simulator: Any = make_simulator(environment_id, "rgb_array")
    set_up_camera(simulator)
    simulator.reset(seed=0)
    parts = mujoco_parts(simulator)
    assert parts is not None
    model, data = parts
    if change == "invisible":
        model.geom_rgba[model.geom_bodyid > 0, 3] = 0.0
    watch = BodyWatch(simulator)
    generator = np.random.default_rng(0)
    for step in range(STEPS):
        if change == "far away":
            data.qpos[0] = 1000.0
        watch.look(step, simulator.render())
        if change != "still":
            simulator.step(generator.uniform(-1, 1, simulator.action_space.shape))
    assert (model.geom_rgba[model.geom_bodyid > 0, 3] > 0).any() == (change != "invisible")
    return watch.fault()


def main() -> None:
    for case in sys.argv[1:]:
        print(f"{case}: {fault(*case.split('='))}")


if __name__ == "__main__":
    main()
