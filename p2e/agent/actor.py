"""The actor: a Gaussian squashed by tanh (Haarnoja et al. 2018, appendix C)."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from p2e.nn.batched_mlp import BatchedMLP, Tape
from p2e.nn.compilation import infers_in_cpp
from p2e.nn.generators import SeedGenerators
from p2e.nn.native.perceptrons import squash

LOG_STD_LOW, LOG_STD_HIGH = -20.0, 2.0
HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


class ActorSample(NamedTuple):
    """A reparameterised action from standard normal noise, and what its gradient needs."""

    action: Float[Tensor, "S B A"]
    log_probability: Float[Tensor, "S B"]
    noise: Float[Tensor, "S B A"]
    deviation: Float[Tensor, "S B A"]  # before the squashing
    free: Bool[Tensor, "S B A"]  # whether the log standard deviation is within its bounds
    tape: Tape


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
        mean, log_deviation = self.network(features).chunk(2, dim=-1)
        return mean, log_deviation.clamp(LOG_STD_LOW, LOG_STD_HIGH)

    def mode(self, features: Float[Tensor, "S B F"]) -> Float[Tensor, "S B A"]:
        """The deterministic action: the squashed mean."""
        return torch.tanh(self(features)[0])

    def act(
        self, features: Float[Tensor, "S B F"], noise: Float[Tensor, "S B A"]
    ) -> Float[Tensor, "S B A"]:
        """The action of `sample`, without what is needed to learn from it."""
        if infers_in_cpp(features):
            return squash(self.network(features), noise, LOG_STD_LOW, LOG_STD_HIGH)
        mean, log_deviation = self(features)
        return torch.tanh(mean + noise * log_deviation.exp())

    def sample(
        self, features: Float[Tensor, "S B F"], noise: Float[Tensor, "S B A"]
    ) -> ActorSample:
        """An action from standard normal noise, and its log-probability."""
        output, tape = self.network.record(features)
        mean, unbounded = output.chunk(2, dim=-1)
        log_deviation = unbounded.clamp(LOG_STD_LOW, LOG_STD_HIGH)
        deviation = log_deviation.exp()
        raw = mean + noise * deviation
        terms = 0.5 * noise.square() + log_deviation + tanh_log_jacobian(raw)
        log_probability = -terms.sum(dim=-1) - noise.shape[-1] * HALF_LOG_TWO_PI
        free = log_deviation == unbounded
        return ActorSample(torch.tanh(raw), log_probability, noise, deviation, free, tape)

    def weight_gradient(
        self,
        sample: ActorSample,
        action_gradient: Float[Tensor, "S B A"],
        log_probability_gradient: Float[Tensor, "S 1"],
    ) -> Float[Tensor, "S P"]:
        """Of a scalar whose gradients with respect to the actions of a sample and to each of its
        log-probabilities are given (the latter is the same for all rows).

        With a = tanh(u) and u = mean + noise * deviation, the log-probability is a function of the
        log deviation, and of u through -log(1 - a^2), whose derivative is 2a.
        """
        action, per_row = sample.action, log_probability_gradient.unsqueeze(-1)
        of_raw = action_gradient * (1 - action.square()) + 2 * per_row * action
        of_log_deviation = (of_raw * sample.noise * sample.deviation - per_row) * sample.free
        gradient = torch.cat([of_raw, of_log_deviation], dim=-1)
        return self.network.weight_gradient(sample.tape, gradient)


def tanh_log_jacobian(raw: Tensor) -> Tensor:
    """log(1 - tanh(raw)^2), in a form that neither overflows nor loses digits far from 0."""
    # 2 log(2 / (e^x + e^-x))
    return 2.0 * (math.log(2.0) - torch.logaddexp(raw, -raw))
