"""What MuJoCo computes a simulator with."""

import mujoco
from gymnasium.envs.mujoco import MujocoEnv

from envs.simulation.control_suite import ControlSuiteEnv
from envs.simulation.make import Simulator


def mujoco_parts(simulator: Simulator) -> tuple[mujoco.MjModel, mujoco.MjData] | None:
    """Model and data of a simulator that MuJoCo computes; None for others."""
    inner = simulator.unwrapped
    if isinstance(inner, MujocoEnv):
        return inner.model, inner.data
    return inner.mujoco_parts if isinstance(inner, ControlSuiteEnv) else None
