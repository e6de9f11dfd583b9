"""Random functions that each member of an ensemble starts from (Osband et al. 2018)."""

import math

from jaxtyping import Float
from torch import Tensor, nn

from p2e.generators import SeedGenerators
from p2e.products import product

WAVES = 32  # of each function
FREQUENCY = 2.0  # radians, root mean square, for a step of 1 along every input


class RandomPrior(nn.Module):
    """A fixed random function for each member of each seed: (S, E, B, in) to (S, E, B, out).

    A member learns what is left of its target beside it ("Randomized Prior Functions for Deep
    Reinforcement Learning", arXiv:1806.03335). On data the members agree all the same; off data
    each is left with its own function, where networks alone continue alike what they have learned.

    They are sums of waves in random directions, so that they differ a short way from the data
    already; triangle waves, for a cosine may have other last digits on another processor. They
    come from the seed alone, and no checkpoint need hold them.

    Args:
        weight: root mean square of each output.
    """

    directions: Float[Tensor, "L i w"]
    phases: Float[Tensor, "L 1 w"]
    mixture: Float[Tensor, "L w o"]

    def __init__(
        self, members: int, inputs: int, outputs: int, weight: float, generators: SeedGenerators
    ) -> None:
        super().__init__()
        directions = generators.normal(members, inputs, WAVES)
        directions *= FREQUENCY / (2 * math.pi * math.sqrt(inputs))  # periods, not radians
        # The mean square of a triangle wave between -1 and 1 is a third.
        mixture = generators.normal(members, WAVES, outputs) * weight * math.sqrt(3 / WAVES)
        self.register_buffer("directions", directions.flatten(0, 1))
        self.register_buffer("phases", generators.uniform(0, 1, members, 1, WAVES).flatten(0, 1))
        self.register_buffer("mixture", mixture.flatten(0, 1))

    def forward(self, x: Float[Tensor, "S E B i"]) -> Float[Tensor, "S E B o"]:
        """Every member's function of rows of its own."""
        periods = product(x.flatten(0, 1), self.directions, self.phases)
        waves = (periods - periods.floor()).sub_(0.5).abs_().mul_(4).sub_(1)
        outputs: Tensor = product(waves, self.mixture).unflatten(0, x.shape[:2])
        return outputs
