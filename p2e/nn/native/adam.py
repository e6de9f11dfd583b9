"""A step of Adam in C++, for all parameters and seeds."""

import ctypes
import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.batch import require_shape
from p2e.nn.native.kernels import Parameter, library


def adam_step(
    parameters: Sequence[Tensor],
    gradients: Sequence[Tensor],
    means: Sequence[Tensor],
    squares: Sequence[Tensor],
    decays: Sequence[Tensor | None],
    steps: Float[Tensor, ""],
    rate: float,
    clip_norm: float | None,
) -> Float[Tensor, " S"]:
    """One step of Adam in place, each tensor (S, ...). Returns each seed's gradient norm before it
    is clipped.

    Args:
        decays: of each element, of the parameter's shape; None for none.
        steps: made before, which becomes one more.
    """
    seeds = parameters[0].shape[0]
    gradients = [gradient.contiguous() for gradient in gradients]
    for tensors in zip(parameters, gradients, means, squares, strict=True):
        for tensor in tensors:
            require_shape("a tensor of the optimiser", tensor, tuple(tensors[0].shape))
            assert tensor.is_contiguous()
    structures = (Parameter * len(parameters))(
        *(
            Parameter(
                *(None if x is None else x.data_ptr() for x in tensors), tensors[0].numel() // seeds
            )
            for tensors in zip(parameters, means, squares, gradients, decays, strict=True)
        )
    )
    norms = torch.empty(seeds)
    library().adam_step(
        seeds,
        len(parameters),
        ctypes.byref(structures),
        steps.data_ptr(),
        rate,
        math.inf if clip_norm is None else clip_norm,
        norms.data_ptr(),
    )
    return norms
