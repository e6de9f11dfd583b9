"""Tensors of a wrong shape are refused, since C++ would read on beyond their end."""

import pytest
import torch
from torch import Tensor, nn

from p2e.nn.batched_mlp import BatchedMLP
from p2e.nn.compilation import compile_networks
from p2e.nn.generators import SeedGenerators
from p2e.nn.gru_cell import GRUCell
from p2e.nn.native import adam, gated_recurrent_units, perceptrons
from p2e.nn.native.perceptrons import Perceptrons
from p2e.nn.optimizer import SeedOptimizer
from p2e.nn.perceptron import RELU
from p2e.nn.target_networks import target_copy
from tests.conftest import needs_a_compiler

pytestmark = needs_a_compiler


@pytest.fixture(autouse=True)
def compiled(not_compiled: None) -> None:
    compile_networks(True)


@pytest.mark.parametrize("shape", [(2, 6, 5), (2, 6, 3)])
def test_rows_that_are_not_those_of_the_networks(shape: tuple[int, ...]) -> None:
    network = BatchedMLP((2,), [4, 8, 3], SeedGenerators((0, 1), "weights"))
    with pytest.raises(ValueError, match=r"got rows of shape .*, expected \(2, 'rows', 4\)"):
        network(torch.zeros(shape))


@pytest.mark.parametrize("lead", [(1,), (3,), (2, 1)])
def test_other_seeds_or_members_than_those_of_the_networks(lead: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="got rows of shape"):
        Perceptrons(lead, [4, 8, 3], RELU).forward(torch.zeros(2, 67), torch.zeros(2, 6, 4), False)


@pytest.mark.parametrize("shape", [(2, 60), (2, 2 * 67), (2, 66)])
def test_weights_that_are_not_those_of_the_networks(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="weights have shape"):
        Perceptrons((2,), [4, 8, 3], RELU).forward(torch.zeros(shape), torch.zeros(2, 6, 4), False)


def test_weights_that_lie_apart() -> None:
    apart = torch.zeros(67, 2).mT
    with pytest.raises(ValueError, match="weights have shape"):
        Perceptrons((2,), [4, 8, 3], RELU).forward(apart, torch.zeros(2, 6, 4), False)


@pytest.mark.parametrize("shape", [(2, 6, 2), (2, 5, 3), (2, 7, 3)])
def test_a_gradient_that_is_not_that_of_the_outputs(shape: tuple[int, ...]) -> None:
    network = BatchedMLP((2,), [4, 8, 3], SeedGenerators((0, 1), "weights"))
    _, tape = network.record(torch.zeros(2, 6, 4))
    with pytest.raises(ValueError, match="gradient has shape"):
        network.weight_gradient(tape, torch.zeros(shape))


def test_outputs_that_are_not_means_and_deviations() -> None:
    for size in (3, 5):
        with pytest.raises(ValueError, match="outputs has shape"):
            perceptrons.squash(torch.zeros(2, 6, size), torch.zeros(2, 6, 2), -20.0, 2.0)


@pytest.mark.parametrize("features, units", [(4, 5), (6, 5), (5, 4), (5, 6)])
def test_inputs_that_are_not_those_of_the_recurrent_unit(features: int, units: int) -> None:
    cell = GRUCell(5, 5, SeedGenerators((0, 1), "cell"))
    inputs, memory = torch.zeros(2, 3, 6, features), torch.zeros(2, 6, units)
    with pytest.raises(ValueError, match="a weight of the recurrent unit has shape"):
        cell.sequence(inputs, torch.zeros(2, 3, 6, dtype=torch.bool), memory)
    with torch.no_grad(), pytest.raises(ValueError, match="a weight of the recurrent unit has"):
        cell(inputs[:, 0], memory)


def test_other_seeds_than_those_of_the_recurrent_unit() -> None:
    cell = GRUCell(5, 5, SeedGenerators((0, 1), "cell"))
    with torch.no_grad(), pytest.raises(ValueError, match="a weight of the recurrent unit has"):
        cell(torch.zeros(3, 6, 5), torch.zeros(3, 6, 5))


def test_gradients_that_are_not_those_of_the_memories() -> None:
    cell = GRUCell(5, 4, SeedGenerators((0,), "cell"))
    inputs, memory = torch.zeros(1, 3, 6, 5), torch.zeros(1, 6, 4)
    with torch.no_grad():
        _, _, tape = gated_recurrent_units.gru_forward(
            cell.weights, inputs, None, memory, keep=True
        )
        assert tape is not None
        with pytest.raises(ValueError, match="gradient has shape"):
            gated_recurrent_units.gru_backward(cell.weights, tape, None, torch.zeros(1, 2, 6, 4))


@pytest.mark.parametrize("shape", [(2, 8), (2, 10), (2, 3, 3)])
def test_a_gradient_that_is_not_that_of_the_parameter(shape: tuple[int, ...]) -> None:
    optimizer = SeedOptimizer([nn.Parameter(torch.zeros(2, 9))], 0.1)
    with pytest.raises(ValueError, match="a tensor of the optimiser has shape"):
        optimizer.descend([torch.zeros(shape)])


@pytest.mark.parametrize("which", [0, 2, 3])
def test_what_adam_remembers_lies_side_by_side(which: int) -> None:
    def tensors(number: int) -> list[Tensor]:
        return [torch.zeros(9, 2).mT if number == which else torch.zeros(2, 9)]

    parameter, gradient, mean, square = (tensors(number) for number in range(4))
    with torch.no_grad(), pytest.raises(AssertionError):
        adam.adam_step(parameter, gradient, mean, square, [None], torch.zeros(()), 0.1, None)


def test_a_network_that_was_used_can_be_copied() -> None:
    compile_networks(True)
    network = BatchedMLP((1,), [3, 8, 2], SeedGenerators((1,), "weights"))
    rows = torch.randn(1, 5, 3)
    output = network(rows)
    copy = target_copy(network)
    with torch.no_grad():
        network.weights.zero_()
    assert torch.equal(copy(rows), output)
