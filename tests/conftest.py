"""Shared by all tests: annotated shapes are checked at every call; a toy environment; a watcher."""

import ast
import math
import shutil
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from jaxtyping import install_import_hook
from torch import Tensor

# Before anything imports p2e: from here on its annotations are checked at every call.
# An int may stand for a float, as everywhere in Python's type hints (PEP 484).
CHECKER = "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))"
install_import_hook("p2e", CHECKER)

from p2e.algorithm import Algorithm, Stateful  # noqa: E402
from p2e.batch import Transition  # noqa: E402
from p2e.loop.environment import BoolArray, FloatArray, VectorEnvironment  # noqa: E402
from p2e.metrics import Metrics  # noqa: E402
from p2e.nn.generators import SeedGenerators  # noqa: E402

torch.set_num_threads(1)
torch.set_warn_always(True)  # otherwise only the first test that meets a warning fails

needs_a_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="needs a C++ compiler")

MakeGenerators = Callable[..., SeedGenerators]
MakeChain = Callable[..., VectorEnvironment]


@pytest.fixture
def generators() -> MakeGenerators:
    """`generators(0, 1, stream="x")`: the streams of seeds 0 and 1."""

    def make(*seeds: int, stream: str = "test") -> SeedGenerators:
        return SeedGenerators(seeds, stream)

    return make


@pytest.fixture(scope="session")
def chain() -> MakeChain:
    """`chain(seeds, horizon=5, goal=2.0, noise=0.0)`: a ChainEnvironment."""
    return ChainEnvironment


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
    The arrays of a step are used again in the next one, as a fast environment may do.
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
        # The 128-bit integers of NumPy's generator as text.
        random = [repr(random.bit_generator.state) for random in self._random]
        return {"state": torch.tensor(self._state), "random": random}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._state[:] = state["state"].numpy()
        for random, text in zip(self._random, state["random"], strict=True):
            random.bit_generator.state = ast.literal_eval(text)


class ConstantPolicy:
    """Always the same action. Its memory counts the steps of the episode."""

    memory_size = 1

    def __init__(self, action: float) -> None:
        self.action = action
        self.asked: list[bool] = []

    def act(self, observation: Tensor, memory: Tensor, deterministic: bool) -> Tensor:
        self.asked.append(deterministic)
        assert torch.equal(memory, observation[..., 1:])
        return torch.full((*observation.shape[:2], 1), self.action)

    def remember(self, observation: Tensor, action: Tensor, memory: Tensor) -> Tensor:
        assert torch.equal(memory, observation[..., 1:])
        return memory + 1


class Watcher(Algorithm):
    """Keeps what the loop hands over, and the order of its calls."""

    def __init__(self, broken_at: int | None = None) -> None:
        self.explorer: ConstantPolicy = ConstantPolicy(0.9)
        self.task_policy: ConstantPolicy = ConstantPolicy(1.0)
        self.calls: list[str] = []
        self.transitions: list[Transition] = []
        self.broken_at = broken_at

    @property
    def step(self) -> int:
        return len(self.transitions)

    def store(self, transition: Transition) -> None:
        self.calls.append(f"store {self.step}")
        self.transitions.append(transition)

    def learn_world(self) -> Metrics:
        self.calls.append(f"learn_world {self.step - 1}")
        return {"world_loss": torch.tensor([1.0, 10.0]) * self.step}

    def imagine(self) -> Metrics:
        self.calls.append(f"imagine {self.step - 1}")
        return {}

    def update_agent(self) -> Metrics:
        self.calls.append(f"update_agent {self.step - 1}")
        loss = torch.tensor([1.0, math.nan if self.step == self.broken_at else 1.0])
        return {"critic_loss": loss}

    @property
    def agent_updates(self) -> int:
        return sum(call.startswith("update_agent") for call in self.calls)

    def components(self) -> dict[str, Stateful]:
        return {}

    def policy_components(self) -> dict[str, Stateful]:
        return {}


class CuriousWatcher(Watcher):
    """The intrinsic reward of a step is 1 for the first seed and 0.5 for the second."""

    def intrinsic_reward(self, transition: Transition) -> Tensor:
        return torch.tensor([1.0, 0.5])
