"""Orthogonal initial weights (Saxe et al. 2014, arXiv:1312.6120)."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.nn.batched_mlp import BatchedMLP
from p2e.nn.generators import SeedGenerators


@torch.no_grad()
def initialise_orthogonally(
    network: BatchedMLP, gains: Sequence[float], generators: SeedGenerators
) -> None:
    """Give each layer of a network (S,) orthogonal weights times its gain, and biases of 0."""
    for layer, gain in zip(network.layers, gains, strict=True):
        rows, columns = layer.weight.shape[1:]
        layer.weight.copy_(gain * orthogonal(rows, columns, generators))
        layer.bias.zero_()


def orthogonal(rows: int, columns: int, generators: SeedGenerators) -> Float[Tensor, "S i o"]:
    """Random matrices whose shorter side's vectors have length 1 and are at right angles."""
    draws = generators.normal(max(rows, columns), min(rows, columns))
    basis, triangle = torch.linalg.qr(draws)
    # With these signs every rotation is equally likely (Mezzadri 2007, arXiv:math-ph/0609050).
    unit: Tensor = basis * triangle.diagonal(dim1=-2, dim2=-1).sign().unsqueeze(-2)
    return unit if rows >= columns else unit.mT
