"""Each algorithm that replays keeps every step of its run."""

from typing import Any

import pytest
import torch

from p2e.algorithm import Algorithm, Problem
from p2e.algorithms import algorithm_module, algorithm_names
from p2e.batch import Transition

SEEDS, STEPS = 2, 10
PROBLEM = Problem(
    (0, 1), 3, 1, STEPS, 10, lambda o, a, n: torch.zeros(o.shape[:-1]).bool(), torch.device("cpu")
)


def store(algorithm: Algorithm, steps: int) -> None:
    """Store so many steps with their index as reward."""
    memory = torch.zeros(SEEDS, algorithm.explorer.memory_size)
    never = torch.zeros(SEEDS, dtype=torch.bool)
    for step in range(steps):
        observation, reached = torch.randn(2, SEEDS, 3).unbind(0)
        action, reward = torch.zeros(SEEDS, 1), torch.full((SEEDS,), float(step))
        algorithm.store(Transition(observation, action, reward, reached, never, never, memory))


# Those that have a replay buffer: TRPO forgets a step after it learned from it.
OFF_POLICY = [name for name in algorithm_names() if name != "trpo"]


@pytest.mark.parametrize("name", OFF_POLICY)
def test_every_step_of_the_run_is_kept(name: str) -> None:
    module = algorithm_module(name)
    algorithm: Any = module.build(PROBLEM, module.Config())
    store(algorithm, STEPS)
    rewards = algorithm.sac_buffer.in_order("reward").squeeze(-1)
    assert rewards.tolist() == [[*range(STEPS)]] * SEEDS
    assert algorithm.sac_buffer.capacity == STEPS
