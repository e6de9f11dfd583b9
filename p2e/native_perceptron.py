"""The passes of p2e/perceptron.py for networks with ReLU, by perceptron.cpp.

They sum in another order: the numbers agree within rounding (tests/test_native_perceptron.py).
"""

import ctypes
from collections.abc import Sequence
from functools import cache

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.native_library import native_library
from p2e.products import rounds_products

_POINTER, _COUNT, _FLAG = ctypes.c_void_p, ctypes.c_int64, ctypes.c_bool


@cache
def native_perceptrons(sizes: tuple[int, ...]) -> "NativePerceptrons":
    """Those of the features of the rows, of each hidden layer, and of the output.

    Raises:
        CompilerError: when there is no C++ compiler.
    """
    return NativePerceptrons(sizes)


class NativePerceptrons:
    """Perceptrons side by side, of the same sizes, on a CPU in float32."""

    def __init__(self, sizes: Sequence[int]) -> None:
        library = native_library("perceptron.cpp")
        shape = [_COUNT, _COUNT, _COUNT, _POINTER, _FLAG]  # networks, batch, layers, sizes, rounded
        self._forward, self._backward = library.forward, library.backward
        self._forward.argtypes = [*shape, *[_POINTER] * 3]
        self._backward.argtypes = [*shape, *[_POINTER] * 5, _COUNT, _COUNT]
        self._forward.restype = self._backward.restype = None
        self._outputs, self._layers = tuple(sizes[1:]), len(sizes) - 1
        self._sizes = (_COUNT * len(sizes))(*sizes)

    def forward(
        self, weights: Float[Tensor, "L P"], rows: Float[Tensor, "L B i"]
    ) -> list[Float[Tensor, "L B _"]]:
        """The rows, what each hidden layer makes of them, and the outputs."""
        networks, batch = rows.shape[:2]
        passed = [rows.contiguous()]
        passed += [rows.new_empty(networks, batch, size) for size in self._outputs]
        self._forward(
            *self._shape(rows), weights.data_ptr(), passed[0].data_ptr(), _pointers(passed[1:])
        )
        return passed

    def backward(
        self,
        weights: Float[Tensor, "L P"],
        inputs: Sequence[Float[Tensor, "L B _"]],
        gradient: Float[Tensor, "L B o"],
        of_weights: bool,
        columns: slice | None,
    ) -> tuple[Float[Tensor, "L P"] | None, Float[Tensor, "L B c"] | None]:
        """The gradients of a scalar, from its gradient with respect to the outputs.

        Args:
            inputs: of each layer.
            of_weights: whether the gradient of the weights is wanted.
            columns: the input features whose gradient is wanted; None for none.
        """
        rows = inputs[0]
        of_rows, first, count = None, 0, 0
        if columns is not None:
            first, stop, _ = columns.indices(rows.shape[2])
            count = stop - first
            of_rows = rows.new_empty(*rows.shape[:2], count)
        result = torch.empty_like(weights) if of_weights else None
        gradient = gradient.contiguous()
        self._backward(
            *self._shape(rows),
            weights.data_ptr(),
            _pointers(inputs),
            gradient.data_ptr(),
            None if result is None else result.data_ptr(),
            None if of_rows is None else of_rows.data_ptr(),
            first,
            count,
        )
        return result, of_rows

    def _shape(self, rows: Tensor) -> tuple[object, ...]:
        return *rows.shape[:2], self._layers, self._sizes, rounds_products(rows.device)


def _pointers(tensors: Sequence[Tensor]) -> ctypes.Array[ctypes.c_void_p]:
    return (_POINTER * len(tensors))(*(tensor.data_ptr() for tensor in tensors))
