"""Whole updates of each algorithm in C++ against those of PyTorch's operators."""

import io
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from p2e.agent.settings import SoftActorCriticConfig
from p2e.algorithm import Algorithm, Problem, state_of
from p2e.algorithms import algorithm_module
from p2e.config import from_mapping
from p2e.loop.coverage import Coverage
from p2e.loop.progress import Progress
from p2e.loop.training_loop import TrainingConfig, TrainingLoop
from p2e.nn.compilation import compile_networks
from tests.conftest import MakeChain, needs_a_compiler

pytestmark = needs_a_compiler

CPU = torch.device("cpu")
AGENT = asdict(SoftActorCriticConfig(hidden=(24, 20), batch_size=32))
WORLD = {
    "latent_size": 12,
    "memory_size": 10,
    "hidden": [20, 16],
    "sequences": 4,
    "sequence_length": 4,
}
PLAN2EXPLORE = {
    "agent": AGENT,
    "world": WORLD,
    "horizon": 3,
    "imagined_starts": 12,
    "multi_step": 2,
    "pretraining_updates": 2,
}
# PyTorch computes what the reward heads' outputs mean. The last bit of its sigmoid depends on
# whether a number is part of a whole vector, so each seed has rows in multiples of 32.
ZERO_SHOT = PLAN2EXPLORE | {
    "mode": "zero-shot",
    "agent": AGENT | {"batch_size": 64},
    "imagined_starts": 256,
}
MBPO = {
    "agent": AGENT,
    "dynamics": {"hidden": [20, 16], "members": 3, "elites": 2, "batch_size": 16, "max_updates": 4},
    "model_interval": 3,
    "rollouts_per_step": 8,
    "updates_per_step": 1,
}
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "sac": ("sac", {"agent": AGENT}),
    "mbpo": ("mbpo", MBPO),
    "joint": ("plan2explore", PLAN2EXPLORE),
    "zero-shot": ("plan2explore", ZERO_SHOT),
    # Adam alone is in C++: there are no kernels for tanh.
    "trpo": ("trpo", {"hidden": [20, 16], "steps_per_update": 2}),
}
WARMUP, STEPS = 8, 11
TOLERANCE = 1e-5  # measured: at most 3e-7


def never_terminated(observation: Tensor, action: Tensor, reached: Tensor) -> Tensor:
    return torch.zeros(observation.shape[:-1], dtype=torch.bool)


def trained(case: str, seeds: tuple[int, ...], in_cpp: bool, chain: MakeChain) -> Algorithm:
    """The algorithm after a few updates."""
    compile_networks(in_cpp)
    name, settings = CASES[case]
    module = algorithm_module(name)
    problem = Problem(seeds, 2, 1, STEPS, 10, never_terminated, CPU)
    algorithm: Algorithm = module.build(problem, from_mapping(module.Config, settings, name))
    coverage = Coverage(lambda rows: np.zeros((*rows.shape[:-1], 2), dtype=np.int64), 2, len(seeds))
    training = TrainingConfig(WARMUP, evaluation_interval=10**6, evaluation_episodes=1)
    loop = TrainingLoop(problem, algorithm, chain(seeds), chain(seeds), training, coverage)
    progress = Progress(STEPS, 0, io.StringIO())
    for _ in range(STEPS - 1):  # after the last step there is an evaluation
        loop.advance(progress)
    return algorithm


def tensors(state: Any, name: str = "") -> Iterator[tuple[str, Tensor]]:
    """Every tensor of numbers in a state, under the names that lead to it."""
    if isinstance(state, Tensor):
        if state.is_floating_point():
            yield name, state
    elif isinstance(state, dict | list):
        items = state.items() if isinstance(state, dict) else enumerate(state)
        for key, value in items:
            yield from tensors(value, f"{name} {key}")


@pytest.mark.parametrize("case", CASES)
def test_the_updates_are_those_of_pytorch(case: str, chain: MakeChain) -> None:
    compiled, plain = (trained(case, (3, 5), in_cpp, chain) for in_cpp in (True, False))
    found, expected = (dict(tensors(state_of(each.components()))) for each in (compiled, plain))
    assert found.keys() == expected.keys()
    assert plain.agent_updates > 0
    for name, value in expected.items():
        scale = max(0.1, value.abs().max().item()) if value.numel() else 1.0
        distance = (found[name] - value).abs().max().item() if value.numel() else 0.0
        assert distance <= TOLERANCE * scale, f"{name}: {distance} of {scale}"
    assert any((found[name] != value).any() for name, value in expected.items())


@pytest.mark.parametrize("case", ["sac", "joint", "zero-shot"])
def test_a_seed_alone_has_the_bits_that_it_has_in_a_group(case: str, chain: MakeChain) -> None:
    group, alone = (trained(case, seeds, True, chain) for seeds in ((3, 5), (5,)))
    together = dict(tensors(state_of(group.components())))
    compared = 0
    for name, value in tensors(state_of(alone.components())):
        if value.shape[:1] == (1,) and together[name].shape[:1] == (2,):
            assert torch.equal(together[name][1], value[0]), name
            compared += 1
    assert compared > 10
