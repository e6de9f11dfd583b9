"""Soft Actor-Critic with automatic temperature (Haarnoja et al. 2018, arXiv:1812.05905).

One class for all three algorithms: what differs between them is where the batch comes from. The
agent sees whatever the batch holds as observations (raw ones, or latent features that carry no
gradient).
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from p2e.agent.actor import Actor
from p2e.agent.critic import TwinCritic
from p2e.agent.native.native_update import NativeUpdate
from p2e.algorithm import Problem
from p2e.batch import TransitionBatch
from p2e.config import require, require_positive
from p2e.metrics import Metrics
from p2e.nn.cuda_graph import recorded, recorded_update
from p2e.nn.generators import SeedGenerators
from p2e.nn.optimizer import CONSTANT, LearningRateSchedule, Rate, SeedOptimizer
from p2e.nn.target_networks import soft_update, target_copy


@dataclass(frozen=True)
class SoftActorCriticConfig:
    """Settings of the agent; the defaults are those of the paper.

    Args:
        target_entropy: None for -dim(action).
        min_alpha: alpha does not fall below it. Where no reward was met yet, all actions are worth
            the same, and alpha otherwise falls until the policy settles on one of them by chance.
        target_rate: tau of the soft update of the target critics, once an update.
        clip_norm: largest gradient norm of actor and of critic, for each seed; None for no limit.
        compiled: let a C++ compiler make one program of the whole update when training starts:
            on a CPU native/soft_actor_critic.cpp, on one core, in some five seconds; on a GPU
            torch.compile, in half a minute. Numbers agree within rounding. (On a GPU an update is
            one CUDA graph with it and without it.)
    """

    hidden: tuple[int, ...] = (256, 256)
    learning_rate: float = 3e-4
    discount: float = 0.99
    target_rate: float = 0.005
    batch_size: int = 256
    initial_alpha: float = 1.0
    target_entropy: float | None = None
    min_alpha: float = 0.0
    clip_norm: float | None = None
    compiled: bool = False

    def __post_init__(self) -> None:
        require_positive(self, "agent", "hidden", "learning_rate", "batch_size", "initial_alpha")
        require(0 < self.discount <= 1, "agent.discount", self.discount, "a number in (0, 1]")
        require(
            0 < self.target_rate <= 1, "agent.target_rate", self.target_rate, "a number in (0, 1]"
        )
        floor, most = self.min_alpha, f"between 0 and agent.initial_alpha ({self.initial_alpha})"
        require(0 <= floor <= self.initial_alpha, "agent.min_alpha", floor, most)
        clip = self.clip_norm
        require(clip is None or clip > 0, "agent.clip_norm", clip, "a number greater than 0")


class Temperature(nn.Module):
    """alpha, the weight of the entropy, learned as its logarithm; one a seed."""

    def __init__(self, seeds: int, initial: float, device: torch.device) -> None:
        super().__init__()
        self.log_alpha = nn.Parameter(torch.full((seeds, 1), initial, device=device).log())

    def forward(self) -> Float[Tensor, "S 1"]:
        return self.log_alpha.exp()


class SoftActorCritic:
    """Actor, twin critics with targets, and temperature, for all seeds of a group.

    Args:
        schedule: of the learning rates of actor and critics, by updates.
    """

    def __init__(
        self,
        features: int,
        actions: int,
        config: SoftActorCriticConfig,
        initial: SeedGenerators,
        noise: SeedGenerators,
        schedule: LearningRateSchedule = CONSTANT,
    ) -> None:
        self.config, self.schedule = config, schedule
        self.noise, self._actions = noise, actions
        self.actor = Actor(features, actions, config.hidden, initial)
        self.critic = TwinCritic(features, actions, config.hidden, initial)
        self.target_critic = target_copy(self.critic)
        self.temperature = Temperature(len(initial), config.initial_alpha, initial.device)
        self.target_entropy = (
            float(-actions) if config.target_entropy is None else config.target_entropy
        )
        rate, clip = config.learning_rate, config.clip_norm
        self.actor_optimizer = SeedOptimizer(self.actor.parameters(), rate, clip)
        self.critic_optimizer = SeedOptimizer(self.critic.parameters(), rate, clip)
        self.temperature_optimizer = SeedOptimizer(self.temperature.parameters(), rate)
        self.updates = 0
        self._updates_aside = 0  # of these, made with another schedule
        self._rate: tuple[float, Tensor] | None = None
        self._device = initial.device
        self._mode = recorded(self.actor.mode, self._device)
        self._sampled = recorded(self.actor.act, self._device)
        self._native: NativeUpdate | None = None
        self._learn = self._compiled() if config.compiled else self._learn_eagerly
        self._update = self.updates_from(TransitionBatch)

    @classmethod
    def of_problem(
        cls,
        problem: Problem,
        features: int,
        config: SoftActorCriticConfig,
        name: str = "agent",
        schedule: LearningRateSchedule = CONSTANT,
    ) -> "SoftActorCritic":
        """The agent of a problem; another name gives other random streams."""
        return cls(
            features,
            problem.action_size,
            config,
            SeedGenerators(problem.seeds, f"{name} weights", problem.device),
            SeedGenerators(problem.seeds, f"{name} noise", problem.device),
            schedule,
        )

    @torch.no_grad()
    def act(self, features: Float[Tensor, "S B F"], deterministic: bool) -> Float[Tensor, "S B A"]:
        """Actions in [-1, 1]: the mode, or a sample from the policy."""
        if deterministic:
            return self._mode(features)
        return self._sampled(features, self._noise_for(features.shape[1]))

    @torch.no_grad()
    def value(self, features: Float[Tensor, "S B F"]) -> Float[Tensor, "S B"]:
        """What the policy's mode is worth, to the more sceptical critic."""
        return smaller(self.critic(features, self.actor.mode(features)))

    def update(self, batch: TransitionBatch) -> Metrics:
        """One update of critics, actor, temperature and target critics, in the paper's order."""
        return self._update(*batch)

    def updates_from(self, batch_of: Callable[..., TransitionBatch]) -> Callable[..., Metrics]:
        """Updates whose batch is made of other tensors: on a GPU within the same CUDA graph.

        Args:
            batch_of: tensors (S, B, ...) to a batch of B rows; they are what the returned function
                takes.
        """

        def learn(target_noise: Tensor, actor_noise: Tensor, rate: Rate, *of: Tensor) -> Metrics:
            return self._learn(batch_of(*of), target_noise, actor_noise, rate)

        learn_on_device = recorded_update(learn, self._device)

        def update(*of: Tensor) -> Metrics:
            rows = of[0].shape[1]
            noises = self._noise_for(rows), self._noise_for(rows)
            metrics = learn_on_device(*noises, self._rate_factor(), *of)
            self.updates += 1
            return metrics

        return update

    def _compiled(self) -> Callable[..., Metrics]:
        config = self.config
        if self._device.type == "cuda":
            # A recorded graph calls the compiled kernels. PyTorch 2.11 fails to reorder the loops
            # of one seed there, and ten seeds are as fast without.
            option = "loop_ordering_after_fusion"
            return torch.compile(self._learn_eagerly, fullgraph=True, options={option: False})
        self._native = NativeUpdate(
            config.hidden,
            config.discount,
            config.target_rate,
            self.target_entropy,
            config.min_alpha,
        )
        return self._learn_natively

    def _rate_factor(self) -> Rate:
        factor = self.schedule.factor(self.updates - self._updates_aside)
        if self._device.type != "cuda":
            return factor
        # A compiled or recorded update would be made anew for every other number.
        if self._rate is None or self._rate[0] != factor:
            self._rate = factor, torch.full((), factor, device=self._device)
        return self._rate[1]

    def _learn_natively(
        self, batch: TransitionBatch, target_noise: Tensor, actor_noise: Tensor, rate: float
    ) -> Metrics:
        assert self._native is not None
        return self._native(
            self.actor_optimizer,
            self.critic_optimizer,
            self.temperature_optimizer,
            self.target_critic.network.weights,
            batch,
            target_noise,
            actor_noise,
            rate,
        )

    @torch.no_grad()
    def _learn_eagerly(
        self, batch: TransitionBatch, target_noise: Tensor, actor_noise: Tensor, rate: Rate
    ) -> Metrics:
        """The whole update as a function of tensors, so that it can be one graph."""
        metrics = self._update_critic(batch, target_noise, rate)
        metrics |= self._update_actor_and_temperature(batch, actor_noise, rate)
        soft_update(self.target_critic, self.critic, self.config.target_rate)
        return metrics

    @torch.no_grad()
    def bellman_target(
        self, batch: TransitionBatch, noise: Float[Tensor, "S B A"]
    ) -> Float[Tensor, "S B"]:
        """r + discount * (1 - terminated) * (min Q' - alpha log pi); truncation is not termination,
        so a truncated row bootstraps."""
        sample = self.actor.sample(batch.next_observation, noise)
        value = smaller(self.target_critic(batch.next_observation, sample.action))
        soft_value = value - self.temperature() * sample.log_probability
        bootstrapped: Tensor = (1 - batch.terminated) * soft_value
        return batch.reward + self.config.discount * bootstrapped

    def _update_critic(self, batch: TransitionBatch, noise: Tensor, rate: Rate) -> Metrics:
        """Loss: half the squared error, mean over the rows, sum over the two critics."""
        target = self.bellman_target(batch, noise)
        values, tape = self.critic.record(batch.observation, batch.action)
        errors = values - target.unsqueeze(1)
        gradient = self.critic.weight_gradient(tape, errors / errors.shape[-1])
        norm = self.critic_optimizer.descend([gradient], rate)
        return {
            "critic_loss": 0.5 * errors.square().mean(dim=2).sum(dim=1),
            "q_value": values.mean(dim=(1, 2)),
            "critic_gradient_norm": norm,
        }

    def _update_actor_and_temperature(
        self, batch: TransitionBatch, noise: Tensor, rate: Rate
    ) -> Metrics:
        """Losses: the mean of alpha log pi - min Q, and log alpha (entropy - target entropy)."""
        sample = self.actor.sample(batch.observation, noise)
        values, tape = self.critic.record(batch.observation, sample.action)
        alpha, rows = self.temperature(), values.shape[-1]
        action_gradient = self.critic.action_gradient(tape, -chosen(values) / rows)
        gradient = self.actor.weight_gradient(sample, action_gradient, alpha / rows)
        norm = self.actor_optimizer.descend([gradient], rate)
        entropy = -sample.log_probability.mean(dim=1, keepdim=True)
        self.temperature_optimizer.descend([entropy - self.target_entropy])
        if self.config.min_alpha > 0:
            self.temperature.log_alpha.clamp_(min=math.log(self.config.min_alpha))
        return {
            "actor_loss": (alpha * sample.log_probability - smaller(values)).mean(dim=1),
            "alpha": alpha.squeeze(1),
            "entropy": entropy.squeeze(1),
            "actor_gradient_norm": norm,
        }

    @contextmanager
    def anew(self, fresh: "SoftActorCritic") -> Iterator[None]:
        """Take another agent's place: its weights, its random streams and, within, its schedule.

        Afterwards all updates count, and the schedule goes on from where it was.
        """
        updates, aside, schedule = self.updates, self._updates_aside, self.schedule
        self.load_state_dict(fresh.state_dict())
        self.schedule = fresh.schedule
        yield
        self.updates, self._updates_aside = updates + self.updates, aside + self.updates
        self.schedule = schedule

    def _noise_for(self, rows: int) -> Float[Tensor, "S B A"]:
        return self.noise.normal(rows, self._actions)

    def _parts(self) -> dict[str, Any]:
        return {
            "actor": self.actor,
            "critic": self.critic,
            "target_critic": self.target_critic,
            "temperature": self.temperature,
            "actor_optimizer": self.actor_optimizer,
            "critic_optimizer": self.critic_optimizer,
            "temperature_optimizer": self.temperature_optimizer,
            "noise": self.noise,
        }

    def state_dict(self) -> dict[str, Any]:
        state = {name: part.state_dict() for name, part in self._parts().items()}
        return state | {"updates": self.updates, "updates_aside": self._updates_aside}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self.updates, self._updates_aside = state["updates"], state["updates_aside"]


def smaller(values: Float[Tensor, "S 2 B"]) -> Float[Tensor, "S B"]:
    """The smaller of the twins' values (clipped double Q-learning, Fujimoto et al. 2018)."""
    return torch.minimum(values[:, 0], values[:, 1])


def chosen(values: Float[Tensor, "S 2 B"]) -> Float[Tensor, "S 2 B"]:
    """The derivative of the smaller value with respect to both: 1 for that one, 0 for the other."""
    first = (values[:, 0] <= values[:, 1]).to(values.dtype)
    return torch.stack([first, 1 - first], dim=1)
