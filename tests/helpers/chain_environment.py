"""A toy environment in which every number of a step is predictable."""

import ast
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from p2e.loop.environment import BoolArray, FloatArray


class ChainStep(NamedTuple):
    next_observation: FloatArray
    reward: FloatArray
    terminated: BoolArray
    truncated: BoolArray
    success: BoolArray
    observation: FloatArray


class ChainEnvironment:
    """A line on which every number of a step follows from the observation (position, elapsed).

    The position grows by the action, the reward is the action (plus noise), an episode terminates
    at `goal`, is truncated after `horizon` steps, and starts at a random position in [-1, 0).
    The arrays of a step are reused in the next one, as a fast environment may do.
    """

    observation_size = 2
    action_size = 1

    def __init__(
        self, seeds: Sequence[int], horizon: int = 5, goal: float = 2.0, noise: float = 0.0
    ) -> None:
        self.horizon, self.goal, self.noise = horizon, goal, noise
        self._random = [np.random.default_rng(seed) for seed in seeds]
        rows = len(seeds)
        self._state = np.zeros((rows, 2), dtype=np.float32)
        self._reached = np.zeros((rows, 2), dtype=np.float32)
        self._numbers = np.zeros(rows, dtype=np.float32)
        self._flags = np.zeros((3, rows), dtype=bool)

    def _start(self, row: int) -> None:
        self._state[row] = self._random[row].uniform(-1, 0), 0

    def reset(self, seeds: Sequence[int] | None = None) -> FloatArray:
        if seeds is not None:
            assert len(seeds) == len(self._random)
            self._random = [np.random.default_rng(seed) for seed in seeds]
        for row in range(len(self._random)):
            self._start(row)
        return self._state

    def step(self, actions: FloatArray) -> ChainStep:
        assert actions.shape == (len(self._random), 1) and np.abs(actions).max() <= 1
        self._reached[:] = self._state + np.c_[actions, np.ones_like(actions)]
        noise = [random.standard_normal() * self.noise for random in self._random]
        self._numbers[:] = actions[:, 0] + np.asarray(noise)
        terminated, truncated, success = self._flags
        terminated[:] = success[:] = self._reached[:, 0] >= self.goal
        truncated[:] = (self._reached[:, 1] >= self.horizon) & ~terminated
        self._state[:] = self._reached
        for row in np.flatnonzero(terminated | truncated):
            self._start(int(row))
        return ChainStep(self._reached, self._numbers, terminated, truncated, success, self._state)

    def state_dict(self) -> dict[str, Any]:
        # NumPy's generator has 128-bit integers, which are saved as text.
        random = [repr(random.bit_generator.state) for random in self._random]
        return {"state": torch.tensor(self._state), "random": random}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._state[:] = state["state"].numpy()
        for random, text in zip(self._random, state["random"], strict=True):
            random.bit_generator.state = ast.literal_eval(text)
