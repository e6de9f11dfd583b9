"""Forward and backward pass of a multilayer perceptron, written out.

Autograd gives the same gradients from the layers one by one. More than a quarter of the time of an
agent's update went into what it adds: copies, gradients of inputs that nobody trains, many small
steps of the engine, and products with a single column, at which matrix libraries are slow. The
numbers are in benchmarks/NOTES.md; tests/p2e/nn/test_perceptron.py compares the two.

Every tensor has one leading axis L of independent networks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from p2e.nn.batched_linear import normalise_rows
from p2e.nn.products import product

aten = torch.ops.aten
NORM_EPSILON = 1e-5  # as in torch.nn.functional.layer_norm


class Layer(NamedTuple):
    """`y = x W + b`: weight (L, in, out) and bias (L, 1, out)."""

    weight: Tensor
    bias: Tensor


@dataclass(frozen=True)
class Activation:
    """A nonlinearity and its derivative.

    Args:
        forward: may overwrite the pre-activation, unless the backward pass needs it.
        backward: (gradient, pre-activation or activation) to gradient. Overwrites the gradient.
        needs_input: whether the backward pass is given the pre-activation or the activation.
        of_units: whether it acts on each unit alone.
    """

    forward: Callable[[Tensor], Tensor]
    backward: Callable[[Tensor, Tensor], Tensor]
    needs_input: bool
    of_units: bool = True


def _relu_backward(gradient: Tensor, output: Tensor) -> Tensor:
    result: Tensor = aten.threshold_backward.grad_input(gradient, output, 0, grad_input=gradient)
    return result


def _silu_backward(gradient: Tensor, x: Tensor) -> Tensor:
    result: Tensor = aten.silu_backward.grad_input(gradient, x, grad_input=gradient)
    return result


def _tanh_backward(gradient: Tensor, output: Tensor) -> Tensor:
    result: Tensor = aten.tanh_backward.grad_input(gradient, output, grad_input=gradient)
    return result


def _norm_relu(x: Tensor) -> Tensor:
    return torch.relu_(normalise_rows(x))


def _norm_relu_backward(gradient: Tensor, x: Tensor) -> Tensor:
    normalised, mean, scale = torch.native_layer_norm(x, x.shape[-1:], None, None, NORM_EPSILON)
    gradient = _relu_backward(gradient, normalised)
    only_rows = [True, False, False]
    of_rows: Tensor = aten.native_layer_norm_backward(
        gradient, x, x.shape[-1:], mean, scale, None, None, only_rows
    )[0]
    return of_rows


RELU = Activation(torch.relu_, _relu_backward, needs_input=False)
SILU = Activation(torch.nn.functional.silu, _silu_backward, needs_input=True)
TANH = Activation(torch.tanh_, _tanh_backward, needs_input=False)
# ReLU of what layer normalisation without weights leaves (Ba et al. 2016).
NORM_RELU = Activation(_norm_relu, _norm_relu_backward, needs_input=True, of_units=False)


class Tape(NamedTuple):
    """What a forward pass leaves to the backward pass.

    Args:
        rows: the input of each layer.
        kept: of each hidden layer, what the derivative of its activation needs.
    """

    rows: list[Tensor]
    kept: list[Tensor]


def forward(layers: Sequence[Layer], activation: Activation, rows: Tensor) -> tuple[Tensor, Tape]:
    """Rows (L, B, in) through the layers, the activation after each but the last."""
    tape = Tape([rows], [])
    for layer in layers[:-1]:
        x = _affine(rows, layer)
        rows = activation.forward(x)
        tape.rows.append(rows)
        tape.kept.append(x if activation.needs_input else rows)
    return _affine(rows, layers[-1]), tape


def backward(
    layers: Sequence[Layer],
    activation: Activation,
    tape: Tape,
    gradient: Tensor,
    weights: bool = True,
    columns: slice | None = None,
) -> tuple[list[Layer], Tensor | None]:
    """The gradients of a scalar, from its gradient with respect to the outputs (L, B, out).

    Args:
        weights: whether the gradients of weights and biases are wanted.
        columns: the input features whose gradient is wanted; None for none.

    Returns:
        The gradient of each layer, from the first to the last (an empty list where not wanted),
        and that of the rows (L, B, columns).
    """
    of_layers: list[Layer] = []
    for index in reversed(range(len(layers))):
        if weights:
            of_weight = _weight_gradient(tape.rows[index], gradient)
            of_layers.insert(0, Layer(of_weight, gradient.sum(dim=1, keepdim=True)))
        if index > 0:
            gradient = _row_gradient(gradient, layers[index].weight)
            gradient = activation.backward(gradient, tape.kept[index - 1])
    if columns is None:
        return of_layers, None
    # A few rows of a weight: the product is faster where they lie side by side.
    wanted = layers[0].weight[:, columns].contiguous()
    return of_layers, _row_gradient(gradient, wanted)


def tangent(
    layers: Sequence[Layer], activation: Activation, tape: Tape, change: Sequence[Layer]
) -> Tensor:
    """How the outputs (L, B, out) change with the layers: their Jacobian times a change of them.

    An activation that acts on each unit alone has a Jacobian that is its own transpose: what takes
    gradients backward takes changes forward.

    Raises:
        ValueError: for another activation.
    """
    if not activation.of_units:
        raise ValueError("a network whose activation takes units together has no tangent")
    result = _affine(tape.rows[0], change[0])
    for layer, of_layer, rows, kept in zip(
        layers[1:], change[1:], tape.rows[1:], tape.kept, strict=True
    ):
        result = activation.backward(result, kept)
        weight = layer.weight
        through = product(result, _as_row(weight).mT if _is_column(weight) else weight)
        result = through.add_(_affine(rows, of_layer))
    return result


def _affine(rows: Tensor, layer: Layer) -> Tensor:
    weight = layer.weight
    return product(rows, _as_row(weight).mT if _is_column(weight) else weight, layer.bias)


def _weight_gradient(rows: Tensor, gradient: Tensor) -> Tensor:
    if _is_column(gradient):
        return product(gradient.mT, rows).view(rows.shape[0], -1, 1)
    return product(rows.mT, gradient)


def _row_gradient(gradient: Tensor, weight: Tensor) -> Tensor:
    if _is_column(weight):
        return gradient * _as_row(weight)
    return product(gradient, weight.mT)


def _is_column(x: Tensor) -> bool:
    return x.shape[-1] == 1


def _as_row(column: Tensor) -> Tensor:
    """The same memory as a row."""
    return column.reshape(column.shape[0], 1, -1)
