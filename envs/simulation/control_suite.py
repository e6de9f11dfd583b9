"""The DeepMind Control Suite as Gymnasium environments (Tassa et al. 2018, arXiv:1801.00690).

Ids are `dm_control/<domain>-<task>-v0`, such as dm_control/cartpole-swingup_sparse-v0.
"""

import logging
import warnings
from types import ModuleType
from typing import Any

import gymnasium
import mujoco
import numpy as np
from gymnasium.spaces import Box
from numpy.typing import NDArray

from envs.simulation.mujoco_messages import mujoco_messages_as_warnings

NAMESPACE = "dm_control/"
EPISODE = 1000  # simulator steps; the suite's own time limits are as long
ACTION_REPEAT = 2  # usual in the literature
FRAME = (240, 320)  # pixels


class ControlSuiteEnv(gymnasium.Env[NDArray[np.float32], NDArray[np.float32]]):
    """One task of the suite.

    Observation (O,) float32: the suite's observations in their own order, flattened.
    Action (A,) float32, within the suite's bounds.
    Reward: the suite's, in [0, 1]. Terminated only where the suite's discount is 0 at the end.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 50}  # noqa: RUF012

    def __init__(self, domain: str, task: str, render_mode: str | None = None) -> None:
        self.render_mode = render_mode
        # An attribute of this object, so that its state is found and saved.
        self._random = np.random.RandomState(0)
        with mujoco_messages_as_warnings():
            self._environment = _suite().load(
                domain, task, task_kwargs={"random": self._random, "time_limit": float("inf")}
            )
        observations = self._environment.observation_spec().values()
        size = sum(int(np.prod(spec.shape)) for spec in observations)
        self.observation_space = Box(-np.inf, np.inf, (size,), np.float32)
        actions = self._environment.action_spec()
        low, high = (np.broadcast_to(b, actions.shape) for b in (actions.minimum, actions.maximum))
        self.action_space = Box(low.astype(np.float32), high.astype(np.float32), dtype=np.float32)
        metadata = {"render_fps": round(1 / self._environment.control_timestep())}
        self.metadata = type(self).metadata | metadata

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        super().reset(seed=seed)
        if seed is not None:
            self._random.seed(np.random.SeedSequence(seed).generate_state(4))
        return self._flat(self._environment.reset().observation), {}

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        step = self._environment.step(action)
        ended = step.last()
        terminated = ended and step.discount == 0.0
        observation = self._flat(step.observation)
        return observation, float(step.reward), terminated, ended and not terminated, {}

    @property
    def mujoco_parts(self) -> tuple[mujoco.MjModel, mujoco.MjData]:
        """MuJoCo's model and data, for a viewer."""
        physics = self._environment.physics
        return physics.model.ptr, physics.data.ptr

    def render(self) -> Any:
        """A frame (240, 320, 3), uint8, of the suite's first camera."""
        height, width = FRAME
        return self._environment.physics.render(height=height, width=width, camera_id=0)

    def close(self) -> None:
        self._environment.close()

    @staticmethod
    def _flat(observation: Any) -> NDArray[np.float32]:
        return np.concatenate([np.ravel(part) for part in observation.values()]).astype(np.float32)


def register_all() -> None:
    """Registers every task of the suite with Gymnasium; does nothing the second time."""
    for domain, task in _suite().ALL_TASKS:
        name = f"{NAMESPACE}{domain}-{task}-v0"
        if name not in gymnasium.registry:
            gymnasium.register(
                id=name,
                entry_point=f"{__name__}:{ControlSuiteEnv.__name__}",
                kwargs={"domain": domain, "task": task},
                max_episode_steps=EPISODE,
            )


def _suite() -> ModuleType:
    """dm_control.suite, imported only now: it takes a second, and looks for a display."""
    handlers = list(logging.root.handlers)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*GLFWError.*")
        warnings.filterwarnings("ignore", message=".*DISPLAY.*")
        from dm_control import suite
        from dm_control.mujoco.wrapper.mjbindings import sizes
    # Its messages give the root logger a handler, which would print Snakemake's messages twice.
    logging.root.handlers[:] = handlers
    _drop_missing_fields(sizes.array_sizes)
    found: ModuleType = suite
    return found


def _drop_missing_fields(array_sizes: dict[str, dict[str, Any]]) -> None:
    """dm_control 1.0.50 lists fields that mujoco 4.0.0 no longer has, and cannot load a model with
    them. Where the two fit, nothing is dropped."""
    for name, struct in (("mjmodel", mujoco.MjModel), ("mjdata", mujoco.MjData)):
        fields = array_sizes[name]
        for field in [field for field in fields if not hasattr(struct, field)]:
            del fields[field]
