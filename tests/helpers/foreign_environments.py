"""Environments that the benchmark has not seen, registered with Gymnasium when imported.

Outside of a test, `tests.helpers.foreign_environments:DictReach-v0` with the root on PYTHONPATH.
"""

import os
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict, Tuple

MODULE = __name__


class DictReach(gymnasium.Env[Any, Any]):
    """A point in a square that must reach a goal, which ends the episode.

    Its observation is a Dict with a Tuple in it, of three kinds of numbers; its actions are a
    matrix. A battery, drawn at each reset from a generator of the environment's own, limits how far
    the point gets; neither an observation nor an attribute named `state` tells how full it is.
    """

    def __init__(self, render_mode: str | None = None) -> None:
        self.render_mode = render_mode
        self.observation_space = Dict(
            {
                "position": Box(-1.0, 1.0, (2,), np.float64),
                "goal": Tuple([Box(-100, 100, (1, 2), np.int8), Box(0, 1, (), np.uint8)]),
            }
        )
        self.action_space = Box(-2.0, 2.0, (1, 2), np.float64)
        self._battery_noise = np.random.RandomState(0)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        if seed is not None:
            self._battery_noise.seed(seed)
        self._position = self.np_random.uniform(-0.5, 0.5, 2)
        self._goal = self.np_random.integers(-100, 100, (1, 2), dtype=np.int8)
        self._battery = self._battery_noise.uniform(5.0, 10.0)
        return self._observation(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        assert action.shape == (1, 2) and action.dtype == np.float64
        reach = min(float(np.abs(action).sum()) * 0.1, max(self._battery, 0.0))
        self._battery -= reach
        direction = action[0] / (np.abs(action).sum() + 1e-9)
        self._position = np.clip(self._position + reach * direction, -1.0, 1.0)
        distance = float(np.abs(self._position - self._goal[0] / 100).max())
        return self._observation(), -distance, distance < 0.1, False, {}

    def _observation(self) -> dict[str, Any]:
        low = np.array(self._battery < 1.0, np.uint8)
        return {"position": self._position.copy(), "goal": (self._goal.copy(), low)}


class Drift(gymnasium.Env[Any, Any]):
    """Noise of the operating system's moves the observation: no seed repeats an episode."""

    def __init__(self, render_mode: str | None = None) -> None:
        self.observation_space = Box(-np.inf, np.inf, (3,), np.float32)
        self.action_space = Box(-1.0, 1.0, (1,), np.float32)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        return self._noise(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        return self._noise() + action, 0.0, False, False, {}

    def _noise(self) -> Any:
        return np.frombuffer(os.urandom(3), np.uint8).astype(np.float32) / 255


class Faulty(gymnasium.Env[Any, Any]):
    """Does something wrong at its fifth step, or at a reset."""

    def __init__(self, fault: str, render_mode: str | None = None) -> None:
        self._fault = fault
        self.observation_space = Box(-1.0, 1.0, (2,), np.float32)
        self.action_space = Box(-1.0, 1.0, (1,), np.float32)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self._steps = 0
        if self._fault == "reset":
            raise OSError("the robot is\nnot connected")
        return np.zeros(3 if self._fault == "first shape" else 2, np.float32), {}

    def step(self, action: Any) -> Any:
        self._steps += 1
        observation, reward = np.zeros(2, np.float32), 0.0
        if self._steps == 5:
            if self._fault == "step":
                raise ValueError("joint 3 is stuck")
            if self._fault == "nan":
                observation[1] = np.nan
            if self._fault == "reward":
                reward = np.inf
            if self._fault == "shape":
                observation = np.zeros((2, 1), np.float32)
            if self._fault == "tuple":
                return observation, reward, False, {}
        return observation, reward, False, False, {}


FAULTS = {
    "reset": "reset raised OSError: the robot is not connected",
    "first shape": "reset returned an observation of shape (3,), but declares (2,)",
    "step": "step raised ValueError: joint 3 is stuck",
    "nan": "step returned an observation with NaN or infinity, expected finite numbers",
    "reward": "step returned the reward inf, expected a finite number",
    "shape": "step returned an observation of shape (2, 1), but declares (2,)",
    "tuple": "step returned a tuple of 4 values, expected (observation, reward, terminated, ",
}


def fault_id(fault: str) -> str:
    """The id of the environment with this fault."""
    return f"Faulty{fault.title().replace(' ', '')}-v0"


class Spaces(gymnasium.Env[Any, Any]):
    """Has the given spaces, and nothing else."""

    def __init__(self, observation: Any, action: Any, render_mode: str | None = None) -> None:
        self.observation_space, self.action_space = observation, action


def _register(name: str, kind: type, steps: int | None, **kwargs: Any) -> None:
    if name not in gymnasium.registry:
        entry = f"{MODULE}:{kind.__name__}"
        gymnasium.register(id=name, entry_point=entry, max_episode_steps=steps, kwargs=kwargs)


_register("DictReach-v0", DictReach, 60)
_register("Endless-v0", DictReach, None)
_register("Drift-v0", Drift, 50)
for _fault in FAULTS:
    _register(fault_id(_fault), Faulty, 20, fault=_fault)
if "ScaledPendulum-v0" not in gymnasium.registry:
    gymnasium.register(
        id="ScaledPendulum-v0",
        entry_point="gymnasium.envs.classic_control:PendulumEnv",
        max_episode_steps=70,
        additional_wrappers=(
            gymnasium.wrappers.RescaleObservation.wrapper_spec(
                min_obs=np.full(3, -1, np.float32), max_obs=np.full(3, 1, np.float32)
            ),
        ),
    )
