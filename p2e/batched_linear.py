"""Linear layers side by side: one primitive for seeds, twin critics and ensemble members alike."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from p2e.generators import SeedGenerators

Activation = Callable[[Tensor], Tensor]


class BatchedLinear(nn.Module):
    """`y = x W + b` for every index of the leading axes, each with weights of its own.

    The first leading axis is the seed axis. Initialised like `torch.nn.Linear`, uniform in
    +-1/sqrt(in_features), but from `in_features` itself: PyTorch's fan-in is wrong on a stacked
    (in, out) weight. Each seed draws from its own generator.
    """

    def __init__(
        self, lead: Sequence[int], in_features: int, out_features: int, generators: SeedGenerators
    ) -> None:
        super().__init__()
        self.lead = tuple(lead)
        self.in_features, self.out_features = in_features, out_features
        bound = 1.0 / math.sqrt(in_features)
        inner = self.lead[1:]
        self.weight = nn.Parameter(
            generators.uniform(-bound, bound, *inner, in_features, out_features)
        )
        self.bias = nn.Parameter(generators.uniform(-bound, bound, *inner, 1, out_features))

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
        flat = torch.baddbmm(
            self.bias.flatten(0, -3), x.reshape(-1, *x.shape[-2:]), self.weight.flatten(0, -3)
        )
        return flat.view(*self.lead, x.shape[-2], self.out_features)


class BatchedMLP(nn.Module):
    """A multilayer perceptron of BatchedLinear layers.

    Args:
        lead: leading axes, the seed axis first, for example (S,), (S, 2) or (S, E).
        sizes: features of the input, of each hidden layer, and of the output.
        activation: applied after every layer but the last.
        layer_norm: normalise the rows before each activation (no learned scale), as in DroQ
            (Hiraoka et al. 2022) and DreamerV3.
    """

    def __init__(
        self,
        lead: Sequence[int],
        sizes: Sequence[int],
        generators: SeedGenerators,
        activation: Activation = torch.relu,
        layer_norm: bool = False,
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            BatchedLinear(lead, i, o, generators) for i, o in pairwise(sizes)
        )
        self.activation = activation
        self.layer_norm = layer_norm

    def forward(self, x: Float[Tensor, "*lead B i"]) -> Float[Tensor, "*lead B o"]:
        last = len(self.layers) - 1
        for i, layer in enumerate(self.layers):
            x = layer(x)
            if i < last:
                x = self.activation(normalise_rows(x) if self.layer_norm else x)
        return x


def normalise_rows(x: Float[Tensor, "... F"]) -> Float[Tensor, "... F"]:
    """Each row shifted and scaled to mean 0 and variance 1 (layer normalisation, no weights)."""
    return nn.functional.layer_norm(x, x.shape[-1:])
