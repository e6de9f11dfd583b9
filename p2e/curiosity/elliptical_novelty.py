"""Elliptical novelty: how much is unknown about a state, given all that were met.

The bonus phi' (I + sum of phi phi')^-1 phi of LSVI-UCB (Jin et al. 2020, arXiv:1907.05388; in deep
reinforcement learning Henaff et al. 2022, arXiv:2210.05805), where phi are random Fourier features
(Rahimi and Recht 2007). It is the posterior variance of a Gaussian process: 1 where nothing was
met, about 1 / (1 + n) in a place that was met n times. No network has to learn it, so that none can
generalise to a place that was never met.
"""

import math

import torch
from jaxtyping import Float, Float64
from torch import Tensor, nn

from p2e.algorithm import Problem, Stateful
from p2e.batch import TransitionBatch
from p2e.curiosity.automatic_weight import AutomaticWeight
from p2e.curiosity.bonus import Bonus
from p2e.metrics import Metrics
from p2e.nn.generators import SeedGenerators

FEATURES = 256
REACH = 5.0  # steps, root mean square over what is observed, within which states are alike


class EllipticalNovelty(Bonus):
    """How new the observation is that a step reached, between 0 and 1."""

    def __init__(self, problem: Problem, weight: float | AutomaticWeight) -> None:
        super().__init__(problem, weight)
        draws = SeedGenerators(problem.seeds, "random features", problem.device)
        self.features = RandomFourierFeatures(problem.observation_size, FEATURES, draws)
        self.known = InverseCovariance(len(problem.seeds), FEATURES, problem.device)

    def score(self, rows: TransitionBatch) -> Float[Tensor, "S B"]:
        features = self._features(rows)
        return (torch.bmm(features, self.known.inverse) * features).sum(dim=2)

    @torch.no_grad()
    def _learn(self, rows: TransitionBatch) -> Metrics:
        self.known.update(self._features(rows), self.units.normalizer.count)
        return {}

    def _features(self, rows: TransitionBatch) -> Float[Tensor, "S B M"]:
        features: Tensor = self.features(self.units.steps(rows.next_observation) / REACH)
        return features

    def parts(self) -> dict[str, Stateful]:
        return super().parts() | {"features": self.features, "known": self.known}


class RandomFourierFeatures(nn.Module):
    """M features whose products are about exp(-d^2 / 2), d the root mean square of the differences
    of two inputs."""

    frequencies: Tensor
    phases: Tensor

    def __init__(self, inputs: int, features: int, draws: SeedGenerators) -> None:
        super().__init__()
        frequencies = draws.normal(inputs, features) / math.sqrt(inputs)
        self.register_buffer("frequencies", frequencies)
        self.register_buffer("phases", draws.uniform(0.0, 2 * math.pi, 1, features))

    def forward(self, x: Float[Tensor, "S B F"]) -> Float[Tensor, "S B M"]:
        angles = torch.baddbmm(self.phases, x, self.frequencies)
        return angles.cos() * math.sqrt(2 / angles.shape[2])


class InverseCovariance(nn.Module):
    """(I + sum of phi phi')^-1 over all rows that were met.

    The mean of phi phi' is a running average over batches of replay: what is a unit changes while
    more is seen, and with it the features of rows that were met long ago.
    """

    DECAY = 0.99  # over about the last 25,000 rows that were drawn

    moment: Tensor
    weight: Tensor
    inverse: Tensor

    def __init__(self, seeds: int, features: int, device: torch.device) -> None:
        super().__init__()
        identity = torch.eye(features, device=device)
        self.register_buffer("moment", torch.zeros(seeds, *identity.shape, device=device))
        self.register_buffer("weight", torch.zeros((), device=device))
        self.register_buffer("inverse", identity.repeat(seeds, 1, 1))

    def update(self, features: Float[Tensor, "S B M"], met: Float64[Tensor, ""]) -> None:
        """Take one more batch into the average, which stands for so many rows."""
        moment = torch.bmm(features.transpose(1, 2), features) / features.shape[1]
        self.moment.lerp_(moment, 1 - self.DECAY)
        self.weight.lerp_(torch.ones_like(self.weight), 1 - self.DECAY)
        precision = met * self.moment / self.weight
        precision.diagonal(dim1=1, dim2=2).add_(1.0)
        self.inverse.copy_(torch.cholesky_inverse(torch.linalg.cholesky(precision)))
