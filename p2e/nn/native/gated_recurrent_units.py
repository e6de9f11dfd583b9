"""Gated recurrent units along a sequence in C++, for all seeds side by side."""

import ctypes
from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.batch import require_shape
from p2e.nn.native.kernels import Cells, library
from p2e.nn.native.library import POINTER

GRU_KEPT = 4  # as GatedRecurrentUnit::KEPT


class GRUTape(NamedTuple):
    """What a forward pass of gated recurrent units leaves to the backward pass."""

    inputs: Float[Tensor, "S T B i"]
    first: Float[Tensor, "S T B"] | None
    before: Float[Tensor, "S T B M"]
    kept: Float[Tensor, "S K"]


GRUWeights = tuple[Tensor, Tensor, Tensor, Tensor]  # weight and bias of the input, of the memory


def gru_forward(
    weights: GRUWeights,
    inputs: Float[Tensor, "S T B i"],
    first: Float[Tensor, "S T B"] | None,
    memory: Float[Tensor, "S B M"],
    keep: bool,
) -> tuple[Float[Tensor, "S T B M"], Float[Tensor, "S T B M"], GRUTape | None]:
    """The memory before each step (zero where `first` is not 0) and after it."""
    seeds, steps, batch, _ = inputs.shape
    units = memory.shape[2]
    inputs, memory = inputs.contiguous(), memory.contiguous()
    first = None if first is None else first.contiguous()
    _require_gru(weights, inputs, memory)
    before, after = (torch.empty(seeds, steps, batch, units) for _ in range(2))
    kept = torch.empty(seeds, steps * batch * GRU_KEPT * units) if keep else None
    library().gru_forward(
        ctypes.byref(Cells(*inputs.shape, units)),
        ctypes.byref(_pointers(weights)),
        inputs.data_ptr(),
        None if first is None else first.data_ptr(),
        memory.data_ptr(),
        before.data_ptr(),
        after.data_ptr(),
        None if kept is None else kept.data_ptr(),
    )
    return before, after, None if kept is None else GRUTape(inputs, first, before, kept)


def gru_backward(
    weights: GRUWeights,
    tape: GRUTape,
    of_before: Float[Tensor, "S T B M"] | None,
    of_after: Float[Tensor, "S T B M"],
) -> tuple[GRUWeights, Float[Tensor, "S T B i"], Float[Tensor, "S B M"]]:
    """The gradients of weights, inputs and the memory at the start, from those of the outputs."""
    inputs = tape.inputs
    seeds, _, batch, _ = inputs.shape
    units = of_after.shape[3]
    of_after = of_after.contiguous()
    of_before = None if of_before is None else of_before.contiguous()
    require_shape("gradient", of_after, tuple(tape.before.shape))
    of_weights = tuple(torch.empty(weight.shape) for weight in weights)
    of_inputs, of_memory = torch.empty(inputs.shape), torch.empty(seeds, batch, units)
    library().gru_backward(
        ctypes.byref(Cells(*inputs.shape, units)),
        ctypes.byref(_pointers(weights)),
        inputs.data_ptr(),
        None if tape.first is None else tape.first.data_ptr(),
        tape.before.data_ptr(),
        tape.kept.data_ptr(),
        None if of_before is None else of_before.data_ptr(),
        of_after.data_ptr(),
        ctypes.byref(_pointers(of_weights)),
        of_inputs.data_ptr(),
        of_memory.data_ptr(),
    )
    return of_weights, of_inputs, of_memory  # type: ignore[return-value]


def _pointers(tensors: Sequence[Tensor]) -> ctypes.Array[ctypes.c_void_p]:
    return (POINTER * len(tensors))(*(tensor.data_ptr() for tensor in tensors))


def _require_gru(weights: GRUWeights, inputs: Tensor, memory: Tensor) -> None:
    seeds, _, batch, features = inputs.shape
    units = memory.shape[2]
    require_shape("memory", memory, (seeds, batch, units))
    expected = ((features, 3 * units), (1, 3 * units), (units, 3 * units), (1, 3 * units))
    for weight, shape in zip(weights, expected, strict=True):
        require_shape("a weight of the recurrent unit", weight, (seeds, *shape))
        assert weight.is_contiguous()
