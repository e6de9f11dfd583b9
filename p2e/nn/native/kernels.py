"""Perceptrons, gated recurrent units and Adam in C++ (kernels.cpp), for all networks side by side.

They compute what perceptron.py, gru_cell.py and optimizer.py of nn/ compute with PyTorch's
operators, on one core and in float32, in another order of summation: numbers agree within rounding
(tests/p2e/nn/native/). Each network is computed by itself, so that it does not matter for its bits
how many others there are. benchmarks/NOTES.md says what they save.
"""

import ctypes
import math
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.batch import require_shape
from p2e.nn.native.library import COUNT, FLOAT, POINTER, native_library
from p2e.nn.perceptron import RELU, SILU, Activation
from p2e.nn.products import rounds_products


class Networks(ctypes.Structure):
    """Perceptrons of one shape: `members` for each seed; sizes of input, hidden layers, output."""

    _fields_ = (
        *((name, COUNT) for name in ("seeds", "members", "batch", "layers")),
        ("sizes", ctypes.POINTER(COUNT)),
        *((name, ctypes.c_bool) for name in ("silu", "rounded")),
    )


class Cells(ctypes.Structure):
    """Gated recurrent units of one shape along sequences."""

    _fields_ = tuple((name, COUNT) for name in ("seeds", "steps", "batch", "inputs", "units"))


class Parameter(ctypes.Structure):
    """What is learned, what Adam remembers, and the gradient; `decays` may be null."""

    _fields_ = (
        *((name, POINTER) for name in ("weights", "means", "squares", "gradient", "decays")),
        ("size", COUNT),
    )


STRUCTURES = (Networks, Cells, Parameter)
Distances = COUNT * 3  # from one seed, member and row to the next
GRU_KEPT = 4  # as GatedRecurrentUnit::KEPT
CPU = torch.device("cpu")


@cache
def library() -> ctypes.CDLL:
    """The kernels, compiled where that was not done yet.

    Raises:
        CompilerError: when there is no C++ compiler.
    """
    made = native_library(Path(__file__).with_name("kernels.cpp"), STRUCTURES)
    made.perceptron_forward.argtypes = [POINTER] * 6
    made.perceptron_backward.argtypes = [*[POINTER] * 8, COUNT, COUNT]
    made.squash.argtypes = [COUNT, COUNT, FLOAT, FLOAT, *[POINTER] * 3]
    made.gru_forward.argtypes = [POINTER] * 8
    made.gru_backward.argtypes = [POINTER] * 11
    made.adam_step.argtypes = [COUNT, COUNT, POINTER, POINTER, FLOAT, FLOAT, POINTER]
    return made


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
        assert activation in (RELU, SILU) and 1 <= len(lead) <= 2
        self._lead, self._sizes, self._silu = tuple(lead), tuple(sizes), activation is SILU
        self._sizes_in_c = (COUNT * len(sizes))(*sizes)
        self._parameters = sum((i + 1) * o for i, o in pairwise(sizes))
        self._kept = sum(self._sizes[1:-1]) * (2 if self._silu else 1)
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
                Networks(seeds, members, batch, layers, self._sizes_in_c, self._silu, rounded)
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
