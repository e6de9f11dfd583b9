"""One step of imagination in C++: world_step.cpp.

It is what `WorldModel.step` computes with PyTorch's operators when there is no gradient; numbers
agree within rounding (tests/p2e/world/native/test_world_step.py). benchmarks/NOTES.md says what it
saves.
"""

import ctypes
from functools import cache
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.batch import require_shape
from p2e.nn.batched_mlp import BatchedMLP
from p2e.nn.gru_cell import GRUCell
from p2e.nn.native.library import COUNT, POINTER, native_library
from p2e.nn.products import rounds_products


class Step(ctypes.Structure):
    """Sizes, weights, inputs and outputs of a step."""

    _fields_ = (
        *((n, COUNT) for n in ("seeds", "batch", "latents", "actions", "units", "layers")),
        ("sizes", ctypes.POINTER(COUNT)),
        ("rounded", ctypes.c_bool),
        *((n, POINTER) for n in ("of_input", "input_bias", "of_memory", "memory_bias")),
        *((n, POINTER) for n in ("head", "scale", "latent", "action", "memory")),
        *((n, POINTER) for n in ("next_memory", "next_latent", "continuation_logit")),
    )


@cache
def _library() -> ctypes.CDLL:
    return native_library(Path(__file__).with_name("world_step.cpp"), (Step,))


def world_step(
    cell: GRUCell,
    head: BatchedMLP,
    scale: Float[Tensor, "S 1 1"],
    latent: Float[Tensor, "S B L"],
    action: Float[Tensor, "S B A"],
    memory: Float[Tensor, "S B M"],
) -> tuple[Float[Tensor, "S B L"], Float[Tensor, "S B"], Float[Tensor, "S B M"]]:
    """The next latent, the logit of the continuation, and the memory.

    Args:
        cell: from latent and action to the memory.
        head: from memory, latent and action to a change of the latent, and continuation.
        scale: unit of that change.
    """
    seeds, batch, latents = latent.shape
    actions, units = action.shape[2], memory.shape[2]
    require_shape("memory", memory, (seeds, batch, cell.memory_size))
    require_shape("action", action, (seeds, batch, cell.from_input.in_features - latents))
    require_shape("scale", scale, (seeds, 1, 1))
    assert head.sizes[0] == units + latents + actions and head.sizes[-1] == latents + 1
    inputs = [x.contiguous() for x in (scale, latent, action, memory)]
    next_memory, next_latent = torch.empty(seeds, batch, units), torch.empty(seeds, batch, latents)
    continuation = torch.empty(seeds, batch)
    weights = *cell.weights, head.weights
    outputs = next_memory, next_latent, continuation
    sizes = (COUNT * len(head.sizes))(*head.sizes)
    step = Step(
        *(seeds, batch, latents, actions, units, len(head.sizes) - 1, sizes),
        rounds_products(latent.device),
        *(x.data_ptr() for x in (*weights, *inputs, *outputs)),
    )
    _library().world_step(ctypes.byref(step))
    return next_latent, continuation, next_memory
