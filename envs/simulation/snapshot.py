"""The whole state of a simulator as plain values; a restored simulator steps bit-identically.

MuJoCo and classic control have a snapshot; all others repeat the current episode.

A state holds only dicts, ints, strings and tensors: `torch.load(weights_only=True)` reads it.
"""

from collections.abc import Mapping
from typing import Any

import gymnasium
import mujoco
import numpy as np
import torch
from gymnasium.envs.mujoco import MujocoEnv
from numpy.typing import NDArray

from envs.simulation.recorded_episode import RecordedEpisode

Simulator = gymnasium.Env[Any, Any]

_INTEGRATION = mujoco.mjtState.mjSTATE_INTEGRATION

# After a step, body frames lag the joint positions by one physics step. Some rewards read them
# before the next step (Humanoid's centre of mass), so recomputed frames would change the reward.
_LAGGING_FIELDS = ("xpos", "xipos")


# Simulators of these packages keep everything in the physics, or in `state`.
_KNOWN_PACKAGES = ("gymnasium.envs.mujoco.", "gymnasium.envs.classic_control.", "envs.")


def has_snapshot(simulator: Simulator) -> bool:
    """Whether `simulator_state` is known to hold the whole state of this simulator."""
    kinds = type(simulator).mro()
    return kinds[0].__module__.startswith(_KNOWN_PACKAGES) and (
        MujocoEnv in kinds
        or any(kind.__module__.startswith("gymnasium.envs.classic_control.") for kind in kinds)
    )


def simulator_state(simulator: Simulator) -> dict[str, Any]:
    """Physics and random generator of a simulator, or the record of its episode."""
    if isinstance(simulator, RecordedEpisode):
        return simulator.state_dict()
    simulator = simulator.unwrapped
    if isinstance(simulator, MujocoEnv):
        physics = _mujoco_state(simulator)
    else:
        # Classic-control simulators keep everything in `state`. Its dtype matters:
        # MountainCarContinuous has float64 after a reset and float32 after a step.
        physics = {"state": _tensor(np.asarray(simulator.state))}  # type: ignore[attr-defined]
    return {"physics": physics, "generator": simulator.np_random.bit_generator.state}


def load_simulator_state(simulator: Simulator, state: Mapping[str, Any]) -> None:
    """Restores what `simulator_state` returned; raises ValueError if it does not fit."""
    if isinstance(simulator, RecordedEpisode):
        simulator.load_state_dict(state)
        return
    simulator = simulator.unwrapped
    simulator.reset()  # some attributes, such as Pendulum's `state`, exist only after a reset
    physics = state["physics"]
    if isinstance(simulator, MujocoEnv):
        _load_mujoco_state(simulator, physics)
    else:
        simulator.state = physics["state"].cpu().numpy().copy()  # type: ignore[attr-defined]
    simulator.np_random.bit_generator.state = state["generator"]


def _tensor(values: NDArray[Any]) -> torch.Tensor:
    return torch.from_numpy(values.copy())


def _mujoco_state(simulator: MujocoEnv) -> dict[str, Any]:
    """Everything that integration reads, including the solver's warm start, and lagging frames."""
    integration = np.empty(mujoco.mj_stateSize(simulator.model, _INTEGRATION))
    mujoco.mj_getState(simulator.model, simulator.data, integration, _INTEGRATION)
    lagging = {name: _tensor(getattr(simulator.data, name)) for name in _LAGGING_FIELDS}
    return {"integration": _tensor(integration), "lagging": lagging}


def _load_mujoco_state(simulator: MujocoEnv, physics: Mapping[str, Any]) -> None:
    model, data = simulator.model, simulator.data
    integration = physics["integration"].cpu().numpy()
    size = mujoco.mj_stateSize(model, _INTEGRATION)
    if integration.shape != (size,):
        raise ValueError(
            f"saved physics has shape {integration.shape}, but the model of "
            f"{type(simulator).__name__} needs ({size},)"
        )
    mujoco.mj_setState(model, data, integration, _INTEGRATION)
    mujoco.mj_forward(model, data)  # derives the rest, such as what a renderer shows
    for name, values in physics["lagging"].items():
        getattr(data, name)[:] = values.cpu().numpy()
