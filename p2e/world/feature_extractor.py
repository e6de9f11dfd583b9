"""The feature extractor: latent and memory to the features that actor and critic see.

Gradients stop here: actor and critic learn from the features and never shape them, so that SAC is
the same class for all algorithms.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.world.world_model import WorldModel


class FeatureExtractor:
    """Features are latent and memory side by side: (S, B, L + M). Both have a fixed scale."""

    def __init__(self, model: WorldModel) -> None:
        self._model = model
        self.size = model.latent_size + model.memory_size

    def of_state(
        self, latent: Float[Tensor, "S B L"], memory: Float[Tensor, "S B M"]
    ) -> Float[Tensor, "S B F"]:
        """Features of a state of the world model."""
        return torch.cat([latent, memory], dim=-1).detach()

    @torch.no_grad()
    def of_observation(
        self, observation: Float[Tensor, "S B O"], memory: Float[Tensor, "S B M"]
    ) -> Float[Tensor, "S B F"]:
        """Features of an observation, given the memory before it."""
        return self.of_state(self._model.encode(observation), memory)
