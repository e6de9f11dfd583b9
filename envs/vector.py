"""Several copies (rows) of one environment, stepped together, with a random generator each."""

import math
import operator
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from gymnasium.spaces import Box
from numpy.typing import NDArray

from envs.registry import task
from envs.simulation.make import Simulator, make_simulator
from envs.simulation.snapshot import load_simulator_state, simulator_state
from envs.task import Task

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]


class Step(NamedTuple):
    """What one step of R rows returns; all arrays are copies.

    next_observation: (R, O) float32, after the action and before any automatic reset.
    reward: (R,) float32. terminated, truncated: (R,) bool, the episode ended here, by the task's
    termination rule or at its horizon (both may hold). success: (R,) bool, the episode satisfied
    the task's success condition at this step or before. observation: (R, O) float32, the input of
    the next action: next_observation, or in rows whose episode ended the first observation of the
    new episode.
    """

    next_observation: FloatArray
    reward: FloatArray
    terminated: BoolArray
    truncated: BoolArray
    success: BoolArray
    observation: FloatArray


class VectorEnvironment:
    """R independent rows of one task; the random numbers of row i depend on seeds[i] only."""

    def __init__(self, task: Task, simulators: Sequence[Simulator], seeds: Sequence[int]) -> None:
        self.task = task
        self.rows = len(simulators)
        self.horizon = task.horizon
        self._simulators = list(simulators)
        self._seeds = self._checked_seeds(seeds)
        actions = cast(Box, simulators[0].action_space)
        observations = cast(Box, simulators[0].observation_space)
        self.action_size: int = actions.shape[0]
        self.observation_size: int = observations.shape[0]
        self._action_centre = ((actions.high + actions.low) / 2).astype(np.float32)
        self._action_reach = ((actions.high - actions.low) / 2).astype(np.float32)
        self._elapsed = [0] * self.rows
        self._success = np.zeros(self.rows, dtype=np.bool_)
        self._observation: FloatArray | None = None

    @property
    def observation(self) -> FloatArray:
        """A copy of the current observation, (R, O); raises RuntimeError before the first reset."""
        return self._current().copy()

    def reset(self, seeds: Sequence[int] | None = None) -> FloatArray:
        """Starts a new episode in every row and returns its first observations, (R, O) float32.

        The first call seeds every row; later calls keep each row's random generator, unless new
        seeds are given. Raises ValueError unless there is one integer >= 0 per row.
        """
        if seeds is not None:
            self._seeds = self._checked_seeds(seeds)
        reseed = seeds is not None or self._observation is None
        observation = np.empty((self.rows, self.observation_size), dtype=np.float32)
        for row, simulator in enumerate(self._simulators):
            observation[row], _ = simulator.reset(seed=self._seeds[row] if reseed else None)
        self._elapsed = [0] * self.rows
        self._success[:] = False
        self._observation = observation
        return observation.copy()

    def step(self, actions: FloatArray) -> Step:
        """Steps every row with actions (R, A), clipped to [-1, 1] and scaled to the task's bounds.

        A row whose episode ends is reset at once. Raises ValueError if actions have another shape
        or are NaN, RuntimeError before the first reset.
        """
        bounded = self._bounded(actions)
        next_observation = np.empty_like(self._current())
        reward = np.empty(self.rows, dtype=np.float32)
        terminated = np.empty(self.rows, dtype=np.bool_)
        truncated = np.empty(self.rows, dtype=np.bool_)
        finished: list[int] = []
        for row, simulator in enumerate(self._simulators):
            reached, gained, ended, cut, _ = simulator.step(bounded[row])
            self._elapsed[row] += 1
            cut = cut or self._elapsed[row] >= self.horizon
            next_observation[row] = reached
            reward[row] = gained
            terminated[row] = ended
            truncated[row] = cut
            if ended or cut:
                finished.append(row)
        if self.task.success is not None:
            self._success |= self.task.success(next_observation, reward, terminated)
        success = self._success.copy()
        observation = next_observation.copy()
        for row in finished:
            observation[row], _ = self._simulators[row].reset()
            self._elapsed[row] = 0
            self._success[row] = False
        self._observation = observation
        return Step(next_observation, reward, terminated, truncated, success, observation.copy())

    def render(self, row: int = 0) -> NDArray[np.uint8]:
        """One frame (height, width, 3) of a row; needs render_mode="rgb_array"."""
        simulator = self._simulators[row]
        if simulator.render_mode != "rgb_array":
            raise RuntimeError('no frame: make the environment with render_mode="rgb_array"')
        return cast(NDArray[np.uint8], simulator.render())

    def state_dict(self) -> dict[str, Any]:
        """Everything that later steps depend on, for `torch.load(weights_only=True)`."""
        return {
            "environment": self.task.id,
            "observation": torch.from_numpy(self.observation),
            "success": self._success.tolist(),
            "elapsed": list(self._elapsed),
            "seeds": list(self._seeds),
            "simulators": [simulator_state(simulator) for simulator in self._simulators],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores what `state_dict` returned; raises ValueError if it is of another task."""
        found = (state["environment"], tuple(state["observation"].shape))
        expected = (self.task.id, (self.rows, self.observation_size))
        if found != expected:
            raise ValueError(
                f"saved state is of {found[0]!r} with observations {found[1]}, "
                f"expected {expected[0]!r} with observations {expected[1]}"
            )
        for simulator, saved in zip(self._simulators, state["simulators"], strict=True):
            load_simulator_state(simulator, saved)
        self._elapsed = list(state["elapsed"])
        self._seeds = list(state["seeds"])
        self._success = np.array(state["success"], dtype=np.bool_)
        self._observation = state["observation"].cpu().numpy().copy()

    def close(self) -> None:
        """Frees every simulator."""
        for simulator in self._simulators:
            simulator.close()

    def _current(self) -> FloatArray:
        if self._observation is None:
            raise RuntimeError("call reset() or load_state_dict() first")
        return self._observation

    def _bounded(self, actions: FloatArray) -> FloatArray:
        expected = (self.rows, self.action_size)
        if actions.shape != expected:
            raise ValueError(f"actions have shape {actions.shape}, expected {expected}")
        bounded = actions.astype(np.float32)
        np.minimum(bounded, 1.0, out=bounded)
        np.maximum(bounded, -1.0, out=bounded)
        # Clipping keeps NaN, and MuJoCo would reset its state for one without an error.
        if math.isnan(bounded.sum()):
            raise ValueError(f"actions are not numbers: {actions.tolist()}")
        bounded *= self._action_reach
        bounded += self._action_centre
        return bounded

    def _checked_seeds(self, seeds: Sequence[int]) -> list[int]:
        if len(seeds) != self.rows:
            raise ValueError(f"{len(seeds)} seeds for {self.rows} rows; expected one a row")
        checked = [operator.index(seed) for seed in seeds]
        if any(seed < 0 for seed in checked):
            raise ValueError(f"seeds must not be negative: {checked}")
        return checked


def make_vector(
    environment: str | Task, seeds: Sequence[int], render_mode: str | None = None
) -> VectorEnvironment:
    """One row a seed of a task, or of the environment with this id.

    Raises InvalidEnvironmentError for an environment that cannot be used, ValueError without seeds.
    """
    known = environment if isinstance(environment, Task) else task(environment)
    if len(seeds) == 0:
        raise ValueError(f"no seeds given for {known.id!r}; expected one a row")
    simulators = [make_simulator(known.id, render_mode, known.action_repeat) for _ in seeds]
    return VectorEnvironment(known, simulators, seeds)
