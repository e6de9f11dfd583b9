"""An algorithm that learns nothing, but records what the training loop does with it."""

import math

import torch
from torch import Tensor

from p2e.algorithm import Algorithm, Stateful
from p2e.batch import Transition
from p2e.metrics import Metrics


class ConstantPolicy:
    """A policy with a constant action, whose memory counts the steps of the episode."""

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
    """Records what the loop passes to it, and the order of the calls."""

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
    """A Watcher whose intrinsic reward per step is 1 for the first seed and 0.5 for the second."""

    def intrinsic_reward(self, transition: Transition) -> Tensor:
        return torch.tensor([1.0, 0.5])
