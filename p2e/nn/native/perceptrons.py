"""Perceptrons in C++, for all networks side by side, and the actions made of their outputs."""

import ctypes
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.batch import require_shape
from p2e.nn.native.kernels import Networks, library
from p2e.nn.native.library import COUNT
from p2e.nn.perceptron import NORM_RELU, RELU, SILU, Activation
from p2e.nn.products import rounds_products

Distances = COUNT * 3  # from one seed, member and row to the next
CPU = torch.device("cpu")
ACTIVATIONS = (RELU, SILU, NORM_RELU)  # in the order of perceptron.hpp


class PerceptronTape(NamedTuple):
    """What a forward pass leaves to the backward pass."""

    rows: Float[Tensor, "*lead B i"]
    memory: Float[Tensor, "*lead K"]


class Perceptrons:
    """Networks of one shape side by side, with one parameter (*lead, P).

    Args:
        lead: leading axes: seeds, and perhaps members.
        sizes: features of the input, of each hidden layer, and of the output.
    """

    def __init__(self, lead: Sequence[int], sizes: Sequence[int], activation: Activation) -> None:
        assert 1 <= len(lead) <= 2
        self._lead, self._sizes = tuple(lead), tuple(sizes)
        self._activation = ACTIVATIONS.index(activation)
        self._sizes_in_c = (COUNT * len(sizes))(*sizes)
        self._parameters = sum((i + 1) * o for i, o in pairwise(sizes))
        self._kept = sum(_kept(activation, units) for units in sizes[1:-1])
        self._made: dict[tuple[int, bool], Any] = {}  # structures in C, by rows and rounding

    def __deepcopy__(self, memo: dict[int, Any]) -> "Perceptrons":
        return self  # it holds sizes alone, and structures that cannot be copied

    def forward(
        self, weights: Float[Tensor, "*lead P"], rows: Float[Tensor, "*lead B i"], keep: bool
    ) -> tuple[Float[Tensor, "*lead B o"], PerceptronTape | None]:
        """Outputs and, where it is wanted, what the backward pass needs.

        Raises:
            CompilerError: in the first call, when there is no C++ compiler.
            ValueError: for weights or rows that are not those of such networks.
        """
        if rows.stride(-1) != 1 and rows.shape[-1] != 1:
            rows = rows.contiguous()  # the features of a row have to be neighbours
        self._require(weights, rows)
        batch = rows.shape[-2]
        output = torch.empty((*self._lead, batch, self._sizes[-1]))
        tape, kept = None, None
        if keep:
            tape = PerceptronTape(rows, torch.empty(*self._lead, batch * self._kept))
            kept = tape.memory.data_ptr()
        library().perceptron_forward(
            self._networks(batch),
            weights.data_ptr(),
            rows.data_ptr(),
            self._distances(rows),
            kept,
            output.data_ptr(),
        )
        return output, tape

    def backward(
        self,
        weights: Float[Tensor, "*lead P"],
        tape: PerceptronTape,
        gradient: Float[Tensor, "*lead B o"],
        wanted: bool,
        columns: slice | None,
    ) -> tuple[Float[Tensor, "*lead P"] | None, Float[Tensor, "*lead B c"] | None]:
        """The gradients of a scalar from its gradient with respect to the outputs.

        Args:
            wanted: whether that of the weights is.
            columns: the input features whose gradient is wanted; None for none.
        """
        rows, gradient = tape.rows, gradient.contiguous()
        batch = rows.shape[-2]
        require_shape("gradient", gradient, (*self._lead, batch, self._sizes[-1]))
        self._require(weights, rows)
        of_weights = torch.empty(weights.shape) if wanted else None
        first, count, of_rows = 0, 0, None
        if columns is not None:
            first, stop, _ = columns.indices(self._sizes[0])
            count = stop - first
            of_rows = torch.empty(*self._lead, batch, count)
        library().perceptron_backward(
            self._networks(batch),
            weights.data_ptr(),
            rows.data_ptr(),
            self._distances(rows),
            tape.memory.data_ptr(),
            gradient.data_ptr(),
            None if of_weights is None else of_weights.data_ptr(),
            None if of_rows is None else of_rows.data_ptr(),
            first,
            count,
        )
        return of_weights, of_rows

    def _networks(self, batch: int) -> Any:
        rounded = rounds_products(CPU)
        made = self._made.get((batch, rounded))
        if made is None:
            seeds, members = (*self._lead, 1)[:2]
            layers = len(self._sizes) - 1
            made = ctypes.byref(
                Networks(seeds, members, batch, layers, self._sizes_in_c, self._activation, rounded)
            )
            self._made[batch, rounded] = made
        return made

    def _distances(self, rows: Tensor) -> ctypes.Array[ctypes.c_int64]:
        strides = rows.stride()
        return Distances(strides[0], strides[1] if len(self._lead) == 2 else 0, strides[-2])

    def _require(self, weights: Tensor, rows: Tensor) -> None:
        """C++ would read on beyond the end of a tensor that is too small."""
        if rows.shape[:-2] != self._lead or rows.shape[-1] != self._sizes[0]:
            raise ValueError(
                f"BatchedMLP got rows of shape {tuple(rows.shape)}, "
                f"expected {(*self._lead, 'rows', self._sizes[0])}"
            )
        if weights.shape != (*self._lead, self._parameters) or not weights.is_contiguous():
            raise ValueError(f"weights have shape {tuple(weights.shape)}")


def _kept(activation: Activation, units: int) -> int:
    """Floats that a hidden layer keeps of each row for the backward pass."""
    if activation is RELU:
        return units
    return 2 * units + (1 if activation is NORM_RELU else 0)


def squash(
    outputs: Float[Tensor, "*lead two_A"],
    noise: Float[Tensor, "*lead A"],
    lowest: float,
    highest: float,
) -> Float[Tensor, "*lead A"]:
    """Actions of a Gaussian squashed by tanh from standard normal noise.

    Args:
        outputs: means, and log standard deviations before they are kept within their bounds.
    """
    actions = noise.shape[-1]
    require_shape("outputs", outputs, (*noise.shape[:-1], 2 * actions))
    outputs, noise = outputs.contiguous(), noise.contiguous()
    result = torch.empty(noise.shape)
    rows = noise.numel() // actions
    pointers = outputs.data_ptr(), noise.data_ptr(), result.data_ptr()
    library().squash(rows, actions, lowest, highest, *pointers)
    return result
