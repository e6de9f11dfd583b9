"""A bonus's weight, adapted while training (MaxInfoRL, Sukhija et al. 2024, arXiv:2412.12098)."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from p2e.agent.soft_actor_critic import SoftActorCritic
from p2e.nn.optimizer import SeedOptimizer
from p2e.nn.target_networks import soft_update, target_copy

FOLLOWING = 0.005  # the rate at which the copy of the actor follows it
LEARNING_RATE = 3e-4


class AutomaticWeight:
    """One weight a seed. It falls where the policy's actions already tell more than those of a copy
    that follows the policy slowly, and rises where they tell less.

    As alpha weighs the entropy in Soft Actor-Critic, with the copy's information in place of a
    target entropy. Actions are the modes of both policies.
    """

    def __init__(self, agent: SoftActorCritic) -> None:
        self._agent = agent
        self.following = target_copy(agent.actor)
        alphas = agent.temperature.log_alpha
        self.log_weight = nn.Parameter(torch.zeros_like(alphas))
        self.optimizer = SeedOptimizer([self.log_weight], LEARNING_RATE)

    @property
    def value(self) -> Float[Tensor, "S 1"]:
        """The weight; 1 before the first update."""
        return self.log_weight.detach().exp()

    @torch.no_grad()
    def actions(
        self, observation: Float[Tensor, "S B O"]
    ) -> tuple[Float[Tensor, "S B A"], Float[Tensor, "S B A"]]:
        """What the policy would do, and what its copy would."""
        features = self._agent.features(observation)
        return self._agent.actor.mode(features), self.following.mode(features)

    def update(self, bonus: Float[Tensor, "S B"], of_copy: Float[Tensor, "S B"]) -> None:
        """One update from what the actions of policy and copy would be paid."""
        gradient = (bonus - of_copy).mean(dim=1, keepdim=True)
        self.optimizer.descend([gradient])
        soft_update(self.following, self._agent.actor, FOLLOWING)

    def state_dict(self) -> dict[str, Any]:
        return {
            "following": self.following.state_dict(),
            "log_weight": self.log_weight.detach(),
            "optimizer": self.optimizer.state_dict(),
        }

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.following.load_state_dict(state["following"])
        self.log_weight.copy_(state["log_weight"])
        self.optimizer.load_state_dict(state["optimizer"])
