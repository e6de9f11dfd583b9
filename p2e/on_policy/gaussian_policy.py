"""A Gaussian policy with a diagonal covariance that is the same in every state."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from p2e.nn.batched_mlp import BatchedMLP, Tape
from p2e.nn.generators import SeedGenerators
from p2e.nn.perceptron import TANH
from p2e.on_policy.orthogonal import initialise_orthogonally

HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)
HIDDEN_GAIN, OUTPUT_GAIN = math.sqrt(2), 0.01  # as Stable-Baselines3: actions begin near 0


class Gaussian(NamedTuple):
    """The distribution of the actions in B states."""

    mean: Float[Tensor, "S B A"]
    log_std: Float[Tensor, "S 1 A"]

    def log_probability(self, action: Float[Tensor, "S B A"]) -> Float[Tensor, "S B"]:
        """Of actions as they were sampled. One that was clipped has another."""
        scores = (action - self.mean) * (-self.log_std).exp()
        return -(0.5 * scores.square() + self.log_std + HALF_LOG_TWO_PI).sum(dim=-1)

    def divergence(self, other: "Gaussian") -> Float[Tensor, " S"]:
        """The mean over the states of KL(self || other), in nats."""
        variance, other_variance = (2 * self.log_std).exp(), (2 * other.log_std).exp()
        squares = variance + (self.mean - other.mean).square()
        terms = other.log_std - self.log_std + 0.5 * (squares / other_variance - 1.0)
        return terms.sum(dim=-1).mean(dim=1)

    def entropy(self) -> Float[Tensor, " S"]:
        """In nats."""
        return (self.log_std + HALF_LOG_TWO_PI + 0.5).sum(dim=-1).squeeze(1)


class GaussianPolicy(nn.Module):
    """Observations (S, B, O) to Gaussians over actions (S, B, A), which have no bounds.

    Args:
        hidden: units of each hidden layer of the mean's network, with tanh.
    """

    def __init__(
        self, observations: int, actions: int, hidden: Sequence[int], generators: SeedGenerators
    ) -> None:
        super().__init__()
        sizes = [observations, *hidden, actions]
        self.network = BatchedMLP((len(generators),), sizes, generators, TANH)
        gains = [HIDDEN_GAIN] * len(hidden) + [OUTPUT_GAIN]
        initialise_orthogonally(self.network, gains, generators)
        self.log_std = nn.Parameter(self.network.weights.new_zeros(len(generators), 1, actions))

    def forward(self, observation: Float[Tensor, "S B O"]) -> Gaussian:
        return Gaussian(self.network(observation), self.log_std)

    def record(self, observation: Float[Tensor, "S B O"]) -> tuple[Gaussian, Tape]:
        """The same without autograd, and what the derivatives below need."""
        mean, tape = self.network.record(observation)
        return Gaussian(mean, self.log_std.detach().clone()), tape

    def vector(self) -> Float[Tensor, "S P"]:
        """A copy of all that is learned: the network's weights, then log standard deviations."""
        return torch.cat([self.network.weights, self.log_std.squeeze(1)], dim=1).detach()

    @torch.no_grad()
    def load_vector(self, vector: Float[Tensor, "S P"]) -> None:
        """Inverse of `vector`."""
        weights, log_std = self.split(vector)
        self.network.weights.copy_(weights)
        self.log_std.copy_(log_std)

    def split(
        self, vector: Float[Tensor, "S P"]
    ) -> tuple[Float[Tensor, "S W"], Float[Tensor, "S 1 A"]]:
        """The network's part and the log standard deviations' part of such a vector."""
        actions = self.log_std.shape[-1]
        return vector[:, :-actions], vector[:, -actions:].unsqueeze(1)

    def gradient(
        self,
        tape: Tape,
        of_mean: Float[Tensor, "S B A"],
        of_log_std: Float[Tensor, "S 1 A"],
    ) -> Float[Tensor, "S P"]:
        """Of a scalar whose gradients with respect to means and log standard deviations are
        given."""
        of_weights = self.network.weight_gradient(tape, of_mean)
        return torch.cat([of_weights, of_log_std.squeeze(1)], dim=1)
