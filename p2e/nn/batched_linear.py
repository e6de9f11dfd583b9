"""Linear layers side by side, each with weights of its own, and what all networks share."""

import math
from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from p2e.nn.generators import SeedGenerators
from p2e.nn.products import product


class BatchedLinear(nn.Module):
    """`y = x W + b` for every index of the leading axes, each with weights of its own.

    The first leading axis is the seed axis.
    """

    def __init__(
        self, lead: Sequence[int], in_features: int, out_features: int, generators: SeedGenerators
    ) -> None:
        super().__init__()
        self.lead = tuple(lead)
        self.in_features, self.out_features = in_features, out_features
        weight, bias = initial_layer(lead, in_features, out_features, generators)
        self.weight, self.bias = nn.Parameter(weight), nn.Parameter(bias)

    def forward(self, x: Float[Tensor, "*lead B i"]) -> Float[Tensor, "*lead B o"]:
        """Rows of shape (*lead, B, in_features) to (*lead, B, out_features).

        Raises:
            ValueError: when the leading axes or the features of `x` are not the layer's.
        """
        if x.shape[:-2] != self.lead or x.shape[-1] != self.in_features:
            raise ValueError(
                f"BatchedLinear got rows of shape {tuple(x.shape)}, "
                f"expected {(*self.lead, 'rows', self.in_features)}"
            )
        rows = x.reshape(-1, *x.shape[-2:])
        flat = product(rows, self.weight.flatten(0, -3), self.bias.flatten(0, -3))
        return flat.view(*self.lead, x.shape[-2], self.out_features)


def normalise_rows(x: Float[Tensor, "... F"]) -> Float[Tensor, "... F"]:
    """Each row shifted and scaled to mean 0 and variance 1 (layer normalisation, no weights)."""
    return nn.functional.layer_norm(x, x.shape[-1:])


def initial_layer(
    lead: Sequence[int], in_features: int, out_features: int, generators: SeedGenerators
) -> tuple[Float[Tensor, "*lead i o"], Float[Tensor, "*lead 1 o"]]:
    """Initial weight and bias, as those of `torch.nn.Linear`: uniform in +-1/sqrt(in_features).

    Taken from `in_features` itself, because PyTorch's fan-in is wrong on a stacked (in, out)
    weight. Each seed draws from its own generator.
    """
    bound = 1.0 / math.sqrt(in_features)
    weight = generators.uniform(-bound, bound, *lead[1:], in_features, out_features)
    return weight, generators.uniform(-bound, bound, *lead[1:], 1, out_features)
