"""What kernels make of each number: accuracy, numbers beyond any bound, and what is no number."""

import math

import pytest
import torch
from torch import Tensor

from p2e.agent.actor import LOG_STD_HIGH, LOG_STD_LOW, Actor
from p2e.nn.batched_mlp import BatchedMLP
from p2e.nn.compilation import compile_networks
from p2e.nn.generators import SeedGenerators
from p2e.nn.gru_cell import GRUCell
from p2e.nn.native.perceptrons import squash
from p2e.nn.perceptron import NORM_RELU, RELU, SILU, Activation
from tests.conftest import needs_a_compiler
from tests.helpers.both_ways import in_both_ways

pytestmark = needs_a_compiler

SMALL = 10.0 ** torch.arange(-30.0, 1.0)
FINITE = torch.cat([torch.linspace(-100, 100, 4001), torch.linspace(-2, 2, 801), SMALL, -SMALL])
NUMBERS = torch.cat([FINITE, torch.tensor([math.inf, -math.inf, math.nan])])


def actor_that_says(outputs: Tensor) -> Actor:
    """An actor whose means and log deviations are its features."""
    seeds, _, size = outputs.shape
    actor = Actor(size, size // 2, [], SeedGenerators(range(seeds), "actor"))
    layer = actor.network.layers[0]
    layer.weight.data.copy_(torch.eye(size))
    layer.bias.data.zero_()
    return actor


def acting(outputs: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    actor = actor_that_says(outputs)
    with torch.no_grad():
        return in_both_ways(lambda: actor.act(outputs, noise))


def check_squash(actions: int) -> None:
    torch.manual_seed(actions)
    for seeds, rows in ((1, 1), (3, 7), (2, 40)):
        mean, noise = 2 * torch.randn(2, seeds, rows, actions)
        for spread in (1.0, 3.0, 30.0):
            log_deviation = spread * torch.randn(seeds, rows, actions)
            found, expected = acting(torch.cat([mean, log_deviation], dim=-1), noise)
            torch.testing.assert_close(found, expected, rtol=1e-5, atol=2e-6)
            # where the mean is 0, the smallest deviation is seen
            nothing = torch.zeros(seeds, rows, actions)
            found, expected = acting(torch.cat([nothing, log_deviation], dim=-1), 0.05 * noise)
            torch.testing.assert_close(found, expected, rtol=2e-6, atol=0.0)


@pytest.mark.parametrize("actions", range(1, 18))
def test_actions_are_squashed_as_pytorch_does(actions: int) -> None:
    check_squash(actions)


def test_numbers_that_lie_apart_are_squashed_as_they_are() -> None:
    outputs, noise = torch.randn(2, 5, 6), torch.randn(2, 5, 3)
    apart = [x.mT.contiguous().mT for x in (outputs, noise)]
    expected = squash(outputs, noise, LOG_STD_LOW, LOG_STD_HIGH)
    assert torch.equal(squash(apart[0], noise, LOG_STD_LOW, LOG_STD_HIGH), expected)
    assert torch.equal(squash(outputs, apart[1], LOG_STD_LOW, LOG_STD_HIGH), expected)


@pytest.mark.parametrize("beyond", [LOG_STD_LOW, LOG_STD_HIGH])
def test_log_deviations_end_at_their_bounds(beyond: float) -> None:
    noise = torch.linspace(-0.1, 0.1, 11).view(1, 1, 11)
    near = torch.linspace(0.9 * beyond, 1.1 * beyond, 11).view(1, 1, 11)
    found, expected = acting(torch.cat([torch.zeros(1, 1, 11), near], dim=-1), noise)
    torch.testing.assert_close(found, expected, rtol=2e-6, atol=0.0)


@pytest.mark.parametrize("place", [0, 3, 9, 11, 12, 14, 21, 23])
def test_an_action_of_what_is_no_number_is_none(place: int) -> None:
    outputs, noise = torch.zeros(2, 3, 24), torch.ones(2, 3, 12)
    compile_networks(True)
    with torch.no_grad():
        actor = actor_that_says(outputs)
        actor.network.layers[0].bias.data[1, 0, place] = math.nan
        found = actor.act(outputs, noise).isnan()
        assert found[1, :, place % 12].all() and found.sum() == 3
        noise[1, 2, place % 12] = math.nan
        actor.network.layers[0].bias.data.zero_()
        assert actor.act(outputs, noise).isnan().nonzero().tolist() == [[1, 2, place % 12]]


def test_actions_are_as_near_to_one_as_they_can_be() -> None:
    outputs = torch.zeros(1, 2, 6)
    outputs[0, :, :3] = torch.tensor([[200.0, -200.0, 1e30], [-1e30, 30.0, -30.0]])
    found, expected = acting(outputs, torch.zeros(1, 2, 3))
    assert torch.equal(found, expected)


def silu(x: Tensor) -> tuple[Tensor, Tensor]:
    """SiLU and its derivative in double precision."""
    wide = x.double().requires_grad_(True)
    result = torch.nn.functional.silu(wide)
    (derivative,) = torch.autograd.grad(result.sum(), wide)
    return result.detach(), derivative


def units_of(x: Tensor, activation: Activation) -> tuple[Tensor, Tensor]:
    """What the units of a hidden layer with these pre-activations give, and the derivative."""
    network = BatchedMLP((1,), [1, len(x), 1], SeedGenerators((0,), "weights"), activation)
    first, second = network.layers
    first.weight.data.zero_()
    first.bias.data.copy_(x.view(1, 1, -1))
    second.weight.data.fill_(1.0)
    _, tape = network.record(torch.zeros(1, 1, 1))
    of_first, of_second = network.as_layers(network.weight_gradient(tape, torch.ones(1, 1, 1)))
    return of_second.weight.flatten(), of_first.bias.flatten()


def check_silu(x: Tensor) -> None:
    expected, slope = silu(x)
    compile_networks(True)
    found, derivative = units_of(x, SILU)
    torch.testing.assert_close(found.double(), expected, rtol=2.5e-7, atol=1e-35)
    torch.testing.assert_close(derivative.double(), slope, rtol=1e-6, atol=3e-7)


def test_silu_and_its_derivative_are_accurate() -> None:
    check_silu(FINITE)


def test_a_row_with_a_unit_that_is_no_number_has_none() -> None:
    """Its mean is no number either."""
    x = torch.zeros(40)
    x[33] = math.nan
    for found, derivative in in_both_ways(lambda: units_of(x, NORM_RELU)):
        assert found.isnan().all() and derivative.isnan().all()


@pytest.mark.parametrize("activation", [RELU, SILU])
def test_a_unit_that_is_no_number_stays_none(activation: Activation) -> None:
    x = torch.zeros(40)
    x[[0, 9, 33]] = math.nan
    x[[1, 10, 34]] = math.inf
    (found, derivative), (_, expected) = in_both_ways(lambda: units_of(x, activation))
    assert found.isnan().nonzero().flatten().tolist() == [0, 9, 33]
    assert found.isinf().nonzero().flatten().tolist() == [1, 10, 34]
    torch.testing.assert_close(derivative, expected, equal_nan=True)


def gate_and_candidate(x: Tensor) -> tuple[Tensor, Tensor]:
    """The gates of a recurrent unit with these pre-activations, and its candidates."""
    compile_networks(True)
    units = len(x)
    cell = GRUCell(1, units, SeedGenerators((0,), "cell"))
    for parameter in cell.parameters():
        parameter.data.zero_()
    memory, nothing = torch.ones(1, 1, units), torch.zeros(1, 1, 1)
    with torch.no_grad():
        cell.from_input.bias[..., units : 2 * units] = x
        gate = cell(nothing, memory)  # of a memory of 1 and a candidate of 0
        cell.from_input.bias[..., units : 2 * units] = -100.0
        cell.from_input.bias[..., 2 * units :] = x
        candidate = cell(nothing, 0 * memory)
    return gate.flatten(), candidate.flatten()


def check_gates(x: Tensor) -> None:
    gate, candidate = gate_and_candidate(x)
    exact = x.double()
    torch.testing.assert_close(
        gate.double(), exact.sigmoid(), rtol=2.5e-7, atol=1e-37, equal_nan=True
    )
    torch.testing.assert_close(
        candidate.double(), exact.tanh(), rtol=3e-7, atol=2e-38, equal_nan=True
    )


def test_sigmoid_and_tanh_of_a_recurrent_unit_are_accurate() -> None:
    for numbers in NUMBERS.split(500):
        check_gates(numbers)


@pytest.mark.usefixtures("narrower_registers")
def test_narrower_registers_give_the_same() -> None:
    for actions in (1, 3, 4, 9, 17):
        check_squash(actions)
    check_silu(FINITE)
    for numbers in NUMBERS.split(500)[-3:]:
        check_gates(numbers)
