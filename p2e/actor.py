"""The actor: a Gaussian squashed by tanh (Haarnoja et al. 2018, appendix C)."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import softplus

from p2e.batched_linear import BatchedMLP
from p2e.generators import SeedGenerators

LOG_STD_LOW, LOG_STD_HIGH = -20.0, 2.0
HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


class Actor(nn.Module):
    """Observations or latent features (S, B, F) to actions in [-1, 1] (S, B, A)."""

    def __init__(
        self, features: int, actions: int, hidden: Sequence[int], generators: SeedGenerators
    ) -> None:
        super().__init__()
        sizes = [features, *hidden, 2 * actions]
        self.network = BatchedMLP((len(generators),), sizes, generators)

    def forward(
        self, features: Float[Tensor, "S B F"]
    ) -> tuple[Float[Tensor, "S B A"], Float[Tensor, "S B A"]]:
        """Mean and log standard deviation before the squashing."""
        mean, log_std = self.network(features).chunk(2, dim=-1)
        return mean, log_std.clamp(LOG_STD_LOW, LOG_STD_HIGH)

    def mode(self, features: Float[Tensor, "S B F"]) -> Float[Tensor, "S B A"]:
        """The deterministic action: the squashed mean."""
        return torch.tanh(self(features)[0])

    def sample(
        self, features: Float[Tensor, "S B F"], noise: Float[Tensor, "S B A"]
    ) -> tuple[Float[Tensor, "S B A"], Float[Tensor, "S B"]]:
        """A reparameterised action from standard normal noise, and its log-probability."""
        mean, log_std = self(features)
        raw = mean + noise * log_std.exp()
        gaussian = (-0.5 * noise.square() - log_std - HALF_LOG_TWO_PI).sum(-1)
        return torch.tanh(raw), gaussian - tanh_log_jacobian(raw).sum(-1)


def tanh_log_jacobian(raw: Tensor) -> Tensor:
    """log(1 - tanh(raw)^2), in a form that neither overflows nor loses digits far from 0."""
    return 2.0 * (math.log(2.0) - raw - softplus(-2.0 * raw))
