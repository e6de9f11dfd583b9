"""Policies act without noise in evaluation, and with noise otherwise."""

import pytest
import torch

from p2e.algorithm import Policy, Problem
from p2e.algorithms import algorithm_module, algorithm_names

PROBLEM = Problem(
    (0, 1), 3, 2, 100, 10, lambda o, a, n: torch.zeros(o.shape[:-1]).bool(), torch.device("cpu")
)


@pytest.mark.parametrize("name", algorithm_names())
def test_a_task_policy_is_deterministic_where_it_is_asked_to_be(name: str) -> None:
    module = algorithm_module(name)
    policy: Policy = module.build(PROBLEM, module.Config()).task_policy
    observation = torch.randn(2, 4, 3)
    memory = torch.zeros(2, 4, policy.memory_size)
    same = [
        torch.equal(*(policy.act(observation, memory, deterministic) for _ in range(2)))
        for deterministic in (True, False)
    ]
    assert same == [True, False]
