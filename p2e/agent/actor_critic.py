"""The networks of Soft Actor-Critic, and their update in the paper's order (Haarnoja et al. 2018,
arXiv:1812.05905)."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.agent.actor import Actor
from p2e.agent.critic import TwinCritic
from p2e.agent.settings import SoftActorCriticConfig
from p2e.agent.temperature import Temperature
from p2e.batch import TransitionBatch
from p2e.metrics import Metrics
from p2e.nn.generators import SeedGenerators
from p2e.nn.optimizer import Rate, SeedOptimizer
from p2e.nn.target_networks import soft_update, target_copy


class ActorCritic:
    """Actor, twin critics with targets, and temperature, for all seeds of a group."""

    def __init__(
        self,
        features: int,
        actions: int,
        config: SoftActorCriticConfig,
        initial: SeedGenerators,
    ) -> None:
        self.config = config
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
        """r + discount * (1 - terminated) * (Q' - alpha log pi), Q' what counts of the twins;
        truncation is not termination, so a truncated row bootstraps."""
        sample = self.actor.sample(batch.next_observation, noise)
        values = self.target_critic(batch.next_observation, sample.action)
        value = self.target_critic.counting(values)
        soft_value = value - self.temperature() * sample.log_probability
        bootstrapped: Tensor = (1 - batch.terminated) * soft_value
        return batch.reward + self.config.discount * bootstrapped

    def _update_actor(self, batch: TransitionBatch, noise: Tensor, rate: Rate) -> Metrics:
        """Loss: the mean of alpha log pi - Q. The temperature is updated on the same sample."""
        sample = self.actor.sample(batch.observation, noise)
        values, tape = self.critic.record(batch.observation, sample.action)
        alpha, rows = self.temperature(), values.shape[-1]
        action_gradient = self.critic.action_gradient(tape, -self.critic.shares(values) / rows)
        gradient = self.actor.weight_gradient(sample, action_gradient, alpha / rows)
        norm = self.actor_optimizer.descend([gradient], rate)
        losses = alpha * sample.log_probability - self.critic.counting(values)
        return {
            "actor_loss": losses.mean(dim=1),
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
