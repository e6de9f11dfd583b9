"""Multilayer perceptrons side by side, each with weights of its own."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from p2e.nn import perceptron
from p2e.nn.batched_linear import initial_layer
from p2e.nn.compilation import runs_in_cpp
from p2e.nn.generators import SeedGenerators
from p2e.nn.native.perceptrons import ACTIVATIONS, Perceptrons, PerceptronTape
from p2e.nn.perceptron import RELU, Activation, Layer
from p2e.nn.perceptron import Tape as OperatorTape

Tape = OperatorTape | PerceptronTape


class BatchedMLP(nn.Module):
    """A multilayer perceptron for every index of the leading axes.

    All weights and biases of one network lie side by side in one parameter of shape (*lead, P), so
    that an optimiser step, a gradient norm and a soft update are one operation each.

    Args:
        lead: leading axes, the seed axis first, for example (S,), (S, 2) or (S, E).
        sizes: features of the input, of each hidden layer, and of the output.
        activation: applied after every layer but the last.
    """

    def __init__(
        self,
        lead: Sequence[int],
        sizes: Sequence[int],
        generators: SeedGenerators,
        activation: Activation = RELU,
    ) -> None:
        super().__init__()
        self.lead, self.sizes = tuple(lead), tuple(sizes)
        self.activation = activation
        layers = [initial_layer(lead, i, o, generators) for i, o in pairwise(sizes)]
        self.weights = nn.Parameter(
            torch.cat([part.flatten(-2) for layer in layers for part in layer], dim=-1)
        )
        self._sliced: tuple[object, list[Layer]] = (None, [])
        known = activation in ACTIVATIONS
        self._in_cpp = Perceptrons(lead, sizes, activation) if known else None

    @property
    def layers(self) -> list[Layer]:
        """Weights (*lead, in, out) and biases (*lead, 1, out): the parameter's own memory."""
        return self.as_layers(self.weights)

    def forward(self, rows: Float[Tensor, "*lead B i"]) -> Float[Tensor, "*lead B o"]:
        """Rows to outputs, differentiable by autograd.

        Raises:
            ValueError: when the leading axes or the features of the rows are not the network's.
        """
        if not torch.is_grad_enabled():  # autograd's books cost as much as a layer of one row
            return self._pass(rows, keep=False)[0]
        output: Tensor = _Differentiable.apply(rows, self.weights, self)  # type: ignore[no-untyped-call]
        return output

    def record(self, rows: Float[Tensor, "*lead B i"]) -> tuple[Float[Tensor, "*lead B o"], Tape]:
        """Rows to outputs without autograd, and what the gradients below need."""
        output, tape = self._pass(rows, keep=True)
        assert tape is not None
        return output, tape

    def _pass(self, rows: Tensor, keep: bool) -> tuple[Tensor, Tape | None]:
        if self._in_cpp is not None and runs_in_cpp(rows):
            return self._in_cpp.forward(self.weights, rows, keep)
        expected = (*self.lead, rows.shape[-2], self.sizes[0])
        if rows.shape != expected:
            raise ValueError(
                f"BatchedMLP got rows of shape {tuple(rows.shape)}, "
                f"expected {(*self.lead, 'rows', self.sizes[0])}"
            )
        layers = self._flat_layers()
        flat_rows = rows.flatten(0, -3)  # also where there are no rows
        output, tape = perceptron.forward(layers, self.activation, flat_rows)
        return output.view(*self.lead, *output.shape[-2:]), tape

    def weight_gradient(
        self, tape: Tape, gradient: Float[Tensor, "*lead B o"]
    ) -> Float[Tensor, "*lead P"]:
        """Of a scalar whose gradient with respect to the outputs is given."""
        of_weights, _ = self.gradients(tape, gradient, weights=True, columns=None)
        assert of_weights is not None
        return of_weights

    def row_gradient(
        self, tape: Tape, gradient: Float[Tensor, "*lead B o"], columns: slice
    ) -> Float[Tensor, "*lead B c"]:
        """The same with respect to some features of the rows, at less than half of the cost."""
        _, of_rows = self.gradients(tape, gradient, weights=False, columns=columns)
        assert of_rows is not None
        return of_rows

    def gradients(
        self, tape: Tape, gradient: Float[Tensor, "*lead B o"], weights: bool, columns: slice | None
    ) -> tuple[Float[Tensor, "*lead P"] | None, Float[Tensor, "*lead B c"] | None]:
        """Both in one pass, as far as they are wanted."""
        if isinstance(tape, PerceptronTape):
            assert self._in_cpp is not None
            return self._in_cpp.backward(self.weights, tape, gradient, weights, columns)
        layers = self._flat_layers()
        flat_gradient = gradient.reshape(-1, *gradient.shape[-2:])
        of_layers, of_rows = perceptron.backward(
            layers, self.activation, tape, flat_gradient, weights, columns
        )
        if of_rows is not None:
            of_rows = of_rows.view(*self.lead, *of_rows.shape[-2:])
        if not weights:
            return None, of_rows
        parts = [part.flatten(1) for layer in of_layers for part in layer]
        return torch.cat(parts, dim=1).view(self.weights.shape), of_rows

    def tangent(self, tape: Tape, change: Float[Tensor, "*lead P"]) -> Float[Tensor, "*lead B o"]:
        """How the outputs change with the weights: their Jacobian times a change of the weights.

        Raises:
            ValueError: for the tape of a C++ kernel, which keeps too little.
        """
        if isinstance(tape, PerceptronTape):
            raise ValueError("a network computed in C++ has no tangent")
        changes = self.as_layers(change.flatten(0, -2))
        result = perceptron.tangent(self._flat_layers(), self.activation, tape, changes)
        return result.view(*self.lead, *result.shape[-2:])

    def _flat_layers(self) -> list[Layer]:
        """The layers with one leading axis, without gradient. They are kept, because to slice them
        in each of an update's eight passes would cost as much as its Adam steps. The slices hold on
        to the parameter's memory, so that its address cannot be given to another tensor."""
        if torch.compiler.is_compiling():
            return self.as_layers(self.weights.detach().flatten(0, -2))
        memory = (self.weights.data_ptr(), self.weights.dtype)
        if self._sliced[0] != memory:
            self._sliced = (memory, self.as_layers(self.weights.detach().flatten(0, -2)))
        return self._sliced[1]

    def as_layers(self, flat: Float[Tensor, "*any P"]) -> list[Layer]:
        """The layers within a tensor whose last axis is that of the parameter."""
        shapes = [shape for i, o in pairwise(self.sizes) for shape in ((i, o), (1, o))]
        parts = flat.split([i * o for i, o in shapes], dim=-1)
        tensors = [part.unflatten(-1, s) for part, s in zip(parts, shapes, strict=True)]
        return [Layer(*pair) for pair in zip(tensors[::2], tensors[1::2], strict=True)]


class _Differentiable(torch.autograd.Function):
    """`record` and `gradients` of a network as one operation of autograd."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, weights: Tensor, network: BatchedMLP) -> Tensor:
        output, ctx.tape = network.record(rows)
        ctx.network = network
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        rows, weights, _ = ctx.needs_input_grad
        columns = slice(None) if rows else None
        of_weights, of_rows = ctx.network.gradients(ctx.tape, gradient, weights, columns)
        return of_rows, of_weights, None
