"""Soft Actor-Critic with automatic temperature (Haarnoja et al. 2018, arXiv:1812.05905).

One class for all three algorithms: what differs between them is where the batch comes from. The
agent sees whatever the batch holds as observations (raw ones, or latent features that carry no
gradient).
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.agent.actor import Actor
from p2e.agent.coloured_noise import ColouredNoise, coloured_noise
from p2e.agent.critic import TwinCritic, chosen, smaller
from p2e.agent.cuda_graph import recorded
from p2e.agent.executors import Executor
from p2e.agent.native.native_update import NativeUpdate
from p2e.agent.settings import SoftActorCriticConfig
from p2e.agent.temperature import Temperature
from p2e.algorithm import Problem, Stateful
from p2e.batch import TransitionBatch
from p2e.metrics import Metrics
from p2e.nn.compilation import compiles
from p2e.nn.generators import SeedGenerators
from p2e.nn.normalizers import RunningNormalizer
from p2e.nn.optimizer import CONSTANT, LearningRateSchedule, Rate, SeedOptimizer
from p2e.nn.target_networks import soft_update, target_copy


class SoftActorCritic:
    """Actor, twin critics with targets, and temperature, for all seeds of a group.

    Args:
        schedule: of the learning rates of actor and critics, by updates.
        acting_noise: what `explore` draws from; None for independent draws.
        normalizer: of the features, in all that the agent is asked; None to take them as they are.
    """

    def __init__(
        self,
        features: int,
        actions: int,
        config: SoftActorCriticConfig,
        initial: SeedGenerators,
        noise: SeedGenerators,
        schedule: LearningRateSchedule = CONSTANT,
        acting_noise: ColouredNoise | None = None,
        normalizer: RunningNormalizer | None = None,
    ) -> None:
        self.config, self.schedule, self.noise = config, schedule, noise
        self.acting_noise, self.normalizer = acting_noise, normalizer
        self._actions = actions
        self.actor = Actor(features, actions, config.hidden, initial)
        norm = config.critic_layer_norm
        self.critic = TwinCritic(features, actions, config.hidden, initial, norm)
        self.target_critic = target_copy(self.critic)
        self.temperature = Temperature(len(initial), config.initial_alpha, initial.device)
        self.target_entropy = (
            float(-actions) if config.target_entropy is None else config.target_entropy
        )
        rate = config.learning_rate
        self.actor_optimizer = SeedOptimizer(self.actor.parameters(), rate)
        self.critic_optimizer = SeedOptimizer(self.critic.parameters(), rate)
        self.temperature_optimizer = SeedOptimizer(self.temperature.parameters(), rate)
        self.updates = 0
        self.unscheduled_updates = 0  # of these, made with another schedule
        self._mode = recorded(self.actor.mode, initial.device)
        self._sampled = recorded(self.actor.act, initial.device)
        native = self._in_cpp() if compiles() else None
        self.executor = Executor(self.learn, native, initial.device)
        self._update = self.updates_from(TransitionBatch)

    @classmethod
    def of_problem(
        cls,
        problem: Problem,
        features: int,
        config: SoftActorCriticConfig,
        name: str = "agent",
        schedule: LearningRateSchedule = CONSTANT,
        noise: str = "white",
        normalised: bool = False,
    ) -> "SoftActorCritic":
        """The agent of a problem; another name gives other random streams.

        Args:
            noise: colour of the noise in the actions of `explore`, one of EXPONENTS.
            normalised: whether the agent takes features in units of the statistics of those that
                were met, which `see` tells it.
        """
        return cls(
            features,
            problem.action_size,
            config,
            SeedGenerators(problem.seeds, f"{name} weights", problem.device),
            SeedGenerators(problem.seeds, f"{name} noise", problem.device),
            schedule,
            coloured_noise(problem, noise, f"{name} acting noise"),
            RunningNormalizer(len(problem.seeds), features, problem.device) if normalised else None,
        )

    @torch.no_grad()
    def act(self, features: Float[Tensor, "S B F"], deterministic: bool) -> Float[Tensor, "S B A"]:
        """Actions in [-1, 1]: the mode, or a sample from the policy."""
        if deterministic:
            return self._mode(self.features(features))
        return self._sampled(self.features(features), self._noise_for(features.shape[1]))

    @torch.no_grad()
    def explore(self, features: Float[Tensor, "S N F"]) -> Float[Tensor, "S N A"]:
        """The next action of a training episode: a sample whose noise may be coloured, which is of
        one environment a seed."""
        if self.acting_noise is None:
            return self.act(features, deterministic=False)
        return self._sampled(self.features(features), self.acting_noise.next().unsqueeze(1))

    def warmup_actions(self) -> Float[Tensor, "S A"] | None:
        """Uniform actions from noise of the same colour; None where that is white."""
        if self.acting_noise is None:
            return None
        return torch.erf(self.acting_noise.next() / math.sqrt(2))

    @torch.no_grad()
    def value(self, features: Float[Tensor, "S B F"]) -> Float[Tensor, "S B"]:
        """The value of the policy's mode, by the lower of the two critics."""
        seen = self.features(features)
        return smaller(self.critic(seen, self.actor.mode(seen)))

    def see(self, features: Float[Tensor, "S F"]) -> None:
        """Take features that were met into the statistics of the normaliser, if there is one."""
        if self.normalizer is not None:
            self.normalizer.update(features.unsqueeze(1).to(self.normalizer.mean.device))

    def features(self, features: Float[Tensor, "S B F"]) -> Float[Tensor, "S B F"]:
        """Features as the networks take them."""
        if self.normalizer is None:
            return features
        normalised: Tensor = self.normalizer(features)
        return normalised

    def update(self, batch: TransitionBatch) -> Metrics:
        """One update of critics, actor, temperature and target critics."""
        before, after = self.features(batch.observation), self.features(batch.next_observation)
        return self._update(*batch._replace(observation=before, next_observation=after))

    def updates_from(self, batch_of: Callable[..., TransitionBatch]) -> Callable[..., Metrics]:
        """Updates whose batch is made of other tensors, as part of what is executed.

        Args:
            batch_of: tensors (S, B, ...) to a batch of B rows; they are what the returned function
                takes.
        """
        execute = self.executor.of(batch_of)

        def update(*of: Tensor) -> Metrics:
            rows = of[0].shape[1]
            noises = self._noise_for(rows), self._noise_for(rows)
            factor = self.schedule.factor(self.updates - self.unscheduled_updates)
            metrics = execute(*noises, factor, of)
            self.updates += 1
            return metrics

        return update

    @torch.no_grad()
    def learn(
        self,
        batch: TransitionBatch,
        target_noise: Float[Tensor, "S B A"],
        actor_noise: Float[Tensor, "S B A"],
        rate: Rate,
    ) -> Metrics:
        """The update in the paper's order, a function of tensors alone so that it can be one graph.

        Args:
            target_noise, actor_noise: standard normal, of the actions in the critics' target and in
                the actor's loss.
            rate: factor of the learning rates of actor and critics.
        """
        metrics = self._update_critics(batch, target_noise, rate)
        metrics |= self._update_actor(batch, actor_noise, rate)
        soft_update(self.target_critic, self.critic, self.config.target_rate)
        return metrics

    def _update_critics(self, batch: TransitionBatch, noise: Tensor, rate: Rate) -> Metrics:
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

    def _update_actor(self, batch: TransitionBatch, noise: Tensor, rate: Rate) -> Metrics:
        """Loss: the mean of alpha log pi - min Q. The temperature is updated on the same sample."""
        sample = self.actor.sample(batch.observation, noise)
        values, tape = self.critic.record(batch.observation, sample.action)
        alpha, rows = self.temperature(), values.shape[-1]
        action_gradient = self.critic.action_gradient(tape, -chosen(values) / rows)
        gradient = self.actor.weight_gradient(sample, action_gradient, alpha / rows)
        norm = self.actor_optimizer.descend([gradient], rate)
        return {
            "actor_loss": (alpha * sample.log_probability - smaller(values)).mean(dim=1),
            "alpha": alpha.squeeze(1),
            "entropy": self._update_temperature(sample.log_probability),
            "actor_gradient_norm": norm,
        }

    def _update_temperature(self, log_probability: Float[Tensor, "S B"]) -> Float[Tensor, " S"]:
        """Loss: log alpha (entropy - target entropy). Returns the entropy."""
        entropy = -log_probability.mean(dim=1, keepdim=True)
        self.temperature_optimizer.descend([entropy - self.target_entropy])
        if self.config.min_alpha > 0:
            self.temperature.log_alpha.clamp_(min=math.log(self.config.min_alpha))
        return entropy.squeeze(1)

    def _noise_for(self, rows: int) -> Float[Tensor, "S B A"]:
        return self.noise.normal(rows, self._actions)

    def _in_cpp(self) -> NativeUpdate:
        optimizers = self.actor_optimizer, self.critic_optimizer, self.temperature_optimizer
        return NativeUpdate(
            *optimizers,
            self.target_critic.network,
            self.config.hidden,
            self.config.discount,
            self.config.target_rate,
            self.target_entropy,
            self.config.min_alpha,
            self.config.critic_layer_norm,
        )

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
            **({"acting_noise": self.acting_noise} if self.acting_noise else {}),
            **({"normalizer": self.normalizer} if self.normalizer else {}),
        }

    def policy_components(self) -> dict[str, Stateful]:
        """What the policy needs to act again."""
        parts: dict[str, Stateful] = {"actor": self.actor}
        if self.normalizer is not None:
            parts["normalizer"] = self.normalizer
        return parts

    def state_dict(self) -> dict[str, Any]:
        state = {name: part.state_dict() for name, part in self._parts().items()}
        return state | {"updates": self.updates, "unscheduled_updates": self.unscheduled_updates}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self.updates, self.unscheduled_updates = state["updates"], state["unscheduled_updates"]
