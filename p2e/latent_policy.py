"""A policy on the features of the world model."""

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.algorithm import Policy
from p2e.feature_extractor import FeatureExtractor
from p2e.soft_actor_critic import SoftActorCritic
from p2e.world_model import WorldModel


class LatentPolicy(Policy):
    """Acts on the latent of the observation and on the world model's memory of the episode."""

    def __init__(self, agent: SoftActorCritic, model: WorldModel) -> None:
        self._agent, self._model, self._features = agent, model, FeatureExtractor(model)
        self.memory_size = model.memory_size

    def act(
        self,
        observation: Float[Tensor, "S N O"],
        memory: Float[Tensor, "S N M"],
        deterministic: bool,
    ) -> Float[Tensor, "S N A"]:
        return self._agent.act(self._features.of_observation(observation, memory), deterministic)

    @torch.no_grad()
    def remember(
        self,
        observation: Float[Tensor, "S N O"],
        action: Float[Tensor, "S N A"],
        memory: Float[Tensor, "S N M"],
    ) -> Float[Tensor, "S N M"]:
        return self._model.remember(self._model.encode(observation), action, memory)
