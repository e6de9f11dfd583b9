"""Encoder and decoder between normalised observations and latents."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from p2e.nn.batched_linear import normalise_rows
from p2e.nn.batched_mlp import BatchedMLP
from p2e.nn.generators import SeedGenerators
from p2e.nn.perceptron import SILU


class Encoder(nn.Module):
    """Normalised observations (S, B, O) to latents (S, B, L).

    Every latent has mean 0 and variance 1 over its features, so that predicting latents cannot be
    made easy by shrinking them, and disagreement has the same unit in every task.
    """

    def __init__(
        self,
        observation_size: int,
        latent_size: int,
        hidden: Sequence[int],
        generators: SeedGenerators,
    ) -> None:
        super().__init__()
        sizes = [observation_size, *hidden, latent_size]
        self.network = BatchedMLP((len(generators),), sizes, generators, SILU)

    def forward(self, observation: Float[Tensor, "S B O"]) -> Float[Tensor, "S B L"]:
        return normalise_rows(self.network(observation))


class Decoder(nn.Module):
    """Latents (S, B, L) to normalised observations (S, B, O)."""

    def __init__(
        self,
        observation_size: int,
        latent_size: int,
        hidden: Sequence[int],
        generators: SeedGenerators,
    ) -> None:
        super().__init__()
        sizes = [latent_size, *reversed(hidden), observation_size]
        self.network = BatchedMLP((len(generators),), sizes, generators, SILU)

    def forward(self, latent: Float[Tensor, "S B L"]) -> Float[Tensor, "S B O"]:
        output: Tensor = self.network(latent)
        return output
