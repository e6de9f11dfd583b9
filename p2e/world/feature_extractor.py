"""The feature extractor: the world model's state to the features that actor and critic see.

Gradients stop here: actor and critic learn from the features and never shape them, so that SAC is
the same class for all algorithms.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.world.world_model import WorldModel

FEATURES = ("latent", "latent+observation")
LARGEST_OBSERVATION = 5.0  # standard deviations, to which observations are clipped


class FeatureExtractor:
    """Latent and memory side by side, both of a fixed scale, and if asked for the normalised
    observation, where it is imagined as it is decoded: (S, B, L + M) or (S, B, L + M + O).

    A latent holds its observation, but a critic that reads the latent alone hardly tells a place
    from one a few centimetres beside it, and what is gained by going from one to the other is small
    (docs/experiments.md, section 52).

    Args:
        features: "latent" or "latent+observation".
    """

    def __init__(self, model: WorldModel, features: str = "latent") -> None:
        self.model, self._observed = model, features == "latent+observation"
        self.size = model.latent_size + model.memory_size
        if self._observed:
            self.size += model.observation_size

    def of_state(
        self, latent: Float[Tensor, "S B L"], memory: Float[Tensor, "S B M"]
    ) -> Float[Tensor, "S B F"]:
        """Features of a state of the world model."""
        with torch.no_grad():
            seen = self.model.decoder(latent) if self._observed else latent[..., :0]
        return self.joined(latent, memory, seen)

    @torch.no_grad()
    def of_observation(
        self, observation: Float[Tensor, "S B O"], memory: Float[Tensor, "S B M"]
    ) -> Float[Tensor, "S B F"]:
        """Features of an observation, given the memory before it."""
        seen = self.model.normalizer(observation)
        return self.joined(self.model.encoder(seen), memory, seen)

    def latent_of(self, features: Float[Tensor, "S B F"]) -> Float[Tensor, "S B L"]:
        """The latent that these features begin with."""
        return features[..., : self.model.latent_size]

    def joined(
        self,
        latent: Float[Tensor, "S B L"],
        memory: Float[Tensor, "S B M"],
        seen: Float[Tensor, "S B O"],
    ) -> Float[Tensor, "S B F"]:
        """Features of a state whose normalised observation is known."""
        parts = [latent, memory]
        if self._observed:
            parts.append(seen.clamp(-LARGEST_OBSERVATION, LARGEST_OBSERVATION))
        return torch.cat(parts, dim=-1).detach()
