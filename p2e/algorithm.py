"""What an algorithm is to the training loop, and what a policy is to the evaluation."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from p2e.batch import Transition
from p2e.metrics import Metrics


@runtime_checkable
class Stateful(Protocol):
    """Saved and restored through state dictionaries of tensors, numbers and strings."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: Any, /) -> Any: ...


# Of N environments of each seed.
Observations = Float[Tensor, "S N O"]
Actions = Float[Tensor, "S N A"]  # in [-1, 1]
Memories = Float[Tensor, "S N M"]  # of a recurrent policy

Termination = Callable[[Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Problem:
    """What an algorithm is told about its task.

    Args:
        seeds: the seeds that train side by side; S is their number.
        observation_size, action_size: features of an observation and of an action.
        steps: environment steps of the whole run, for each seed.
        horizon: environment steps after which an episode is truncated.
        terminated: the environment's own termination function,
            (observation, action, next observation), each (..., features), to bool (...,). None
            where nobody knows it: an algorithm that needs one learns it.
        device: where the networks and buffers live.
    """

    seeds: tuple[int, ...]
    observation_size: int
    action_size: int
    steps: int
    horizon: int
    terminated: Termination | None
    device: torch.device


@runtime_checkable
class Policy(Protocol):
    """Chooses actions. A policy without recurrent memory has memory_size 0."""

    memory_size: int

    def act(self, observation: Observations, memory: Memories, deterministic: bool) -> Actions:
        """Actions in [-1, 1] for N environments of each seed."""
        ...

    def remember(self, observation: Observations, action: Actions, memory: Memories) -> Memories:
        """The memory after this action; it is set to zero where an episode begins."""
        ...


class Algorithm(ABC):
    """One flow: act, store, learn the world, imagine, update the agent.

    `explorer` acts in the environment while training; `task_policy` is what is evaluated. For an
    algorithm without a separate explorer they are the same.
    """

    explorer: Policy
    task_policy: Policy

    def warmup_actions(self) -> Float[Tensor, "S A"] | None:
        """Random actions of one step of the warm-up, where they are not to be independent draws."""
        return None

    @abstractmethod
    def store(self, transition: Transition) -> None:
        """Keep one step of every seed in the replay buffer."""

    def learn_world(self) -> Metrics:
        """Update whatever model of the environment there is."""
        return {}

    def imagine(self) -> Metrics:
        """Fill the buffer of imagined transitions."""
        return {}

    @abstractmethod
    def update_agent(self) -> Metrics:
        """Update actor and critic."""

    def intrinsic_reward(self, transition: Transition) -> Float[Tensor, " S"] | None:
        """The intrinsic reward of a step that was taken, where the algorithm has one."""
        return None

    def predict(
        self, observation: Observations, memory: Memories, action: Float[Tensor, "S N H A"]
    ) -> Float[Tensor, "S N H O"] | None:
        """The observations that the model expects after each of these actions, where there is a
        model. `memory` is that of the task policy before the first action."""
        return None

    @property
    @abstractmethod
    def agent_updates(self) -> int:
        """How many updates of actor and critic each seed has made."""

    @abstractmethod
    def components(self) -> dict[str, Stateful]:
        """Everything that changes while training, replay and random streams included."""

    @abstractmethod
    def policy_components(self) -> dict[str, Stateful]:
        """What the task policy needs to act again, and nothing else; each state is a dictionary of
        tensors. Goes into policy.safetensors."""


class Counter:
    """A whole number that is saved with the other components."""

    def __init__(self) -> None:
        self.value = 0

    def state_dict(self) -> dict[str, int]:
        return {"value": self.value}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.value = state["value"]


def state_of(components: dict[str, Stateful]) -> dict[str, Any]:
    """The state of each component, under its name."""
    return {name: component.state_dict() for name, component in components.items()}


def load_state_of(components: dict[str, Stateful], state: dict[str, Any]) -> None:
    """Inverse of state_of.

    Raises:
        ValueError: when the state holds other components.
    """
    if components.keys() != state.keys():
        raise ValueError(f"state holds {sorted(state)}, expected {sorted(components)}")
    for name, component in components.items():
        component.load_state_dict(state[name])


def forget_where(memory: Memories, first: Bool[Tensor, "S N"]) -> Memories:
    """The memory with zeros where an episode begins."""
    return memory.masked_fill(first.unsqueeze(-1), 0.0)
