"""Precision "medium": factors of wide products are rounded to bfloat16 in the kernels."""

import pytest
import torch
from torch import Tensor, nn

from p2e.nn.batched_mlp import BatchedMLP
from p2e.nn.compilation import compile_networks
from p2e.nn.generators import SeedGenerators
from p2e.nn.gru_cell import GRUCell
from p2e.nn.native.perceptrons import ACTIVATIONS
from p2e.nn.perceptron import Activation
from p2e.nn.products import round_products
from tests.conftest import needs_a_compiler
from tests.helpers.both_ways import assert_close
from tests.helpers.plain_network import norm_relu

pytestmark = [needs_a_compiler, pytest.mark.usefixtures("rounded")]


@pytest.fixture(autouse=True)
def compiled(not_compiled: None) -> None:
    compile_networks(True)


def product(left: Tensor, right: Tensor, rounds: bool) -> Tensor:
    """As the kernels multiply: of wide matrices with an even number of terms."""
    sizes = left.shape[-2], left.shape[-1], right.shape[-1]
    if rounds and min(sizes) >= 64 and sizes[1] % 2 == 0:
        return left.bfloat16().float() @ right.bfloat16().float()
    return left @ right


OF_TORCH = (nn.ReLU(), nn.SiLU(), norm_relu)  # in the order of ACTIVATIONS


def expected_results(
    network: BatchedMLP, rows: Tensor, gradient: Tensor, rounds: bool
) -> list[Tensor]:
    """Outputs, and the gradients of weights and rows, with rounded or exact factors."""
    entering, activated, layers = [rows], [], network.layers
    for number, layer in enumerate(layers):
        x = product(entering[-1], layer.weight, rounds) + layer.bias
        if number < len(layers) - 1:
            wanted = x.detach().requires_grad_(True)
            after = OF_TORCH[ACTIVATIONS.index(network.activation)](wanted)
            activated.append((wanted, after))
            x = after.detach()
        entering.append(x)
    parts: list[Tensor] = []
    above = gradient
    for number in reversed(range(len(layers))):
        of_weight = product(entering[number].mT, above, rounds)
        parts[:0] = [of_weight.flatten(-2), above.sum(dim=-2)]
        above = product(above, layers[number].weight.mT, rounds)
        if number > 0:
            wanted, after = activated[number - 1]
            (above,) = torch.autograd.grad(after, wanted, above)
    return [entering[-1].detach(), torch.cat(parts, dim=-1).detach(), above.detach()]


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(
    ("sizes", "batch"), [((70, 96, 64, 66), 80), ((65, 97, 64, 130), 81), ((64, 64, 64), 64)]
)
def test_factors_of_wide_products_are_rounded(
    sizes: tuple[int, ...], batch: int, activation: Activation
) -> None:
    torch.manual_seed(0)
    network = BatchedMLP((2,), sizes, SeedGenerators((0, 1), "weights"), activation)
    rows, gradient = torch.randn(2, batch, sizes[0]), torch.randn(2, batch, sizes[-1])
    rounded, exact = (expected_results(network, rows, gradient, x) for x in (True, False))
    output, tape = network.record(rows)
    both = network.gradients(tape, gradient, True, slice(None))
    with torch.no_grad():
        assert torch.equal(network(rows), output)
    found = [output, *(x for x in both if x is not None)]
    for one, expected, other in zip(found, rounded, exact, strict=True):
        assert (one - expected).norm() < 0.1 * (one - other).norm()


def single_layer(rows: int, terms: int, columns: int) -> tuple[BatchedMLP, Tensor]:
    """Half of the factors lie in the middle of two neighbours of bfloat16."""
    torch.manual_seed(0)
    network = BatchedMLP((1,), [terms, columns], SeedGenerators((0,), "weights"))
    network.weights.data.copy_(1 + torch.randint(-128, 256, network.weights.shape) / 256)
    return network, -1 - torch.randint(-128, 256, (1, rows, terms)) / 256


def test_of_two_nearest_numbers_the_even_one_is_taken() -> None:
    network, rows = single_layer(64, 64, 64)
    found, _ = network.record(rows)
    (layer,) = network.layers
    expected = product(rows, layer.weight, True) + layer.bias
    exact = product(rows, layer.weight, False) + layer.bias
    assert_close(found, expected.detach(), 1e-6)
    assert (found - exact).abs().max() > 1e-4 * exact.abs().max()


@pytest.mark.parametrize("sizes", [(63, 64, 64), (64, 62, 64), (64, 64, 63), (64, 65, 64)])
def test_narrow_products_and_odd_ones_are_exact(sizes: tuple[int, int, int]) -> None:
    network, rows = single_layer(*sizes)
    found, _ = network.record(rows)
    round_products(False)
    expected, _ = network.record(rows)
    assert torch.equal(found, expected)


def test_what_is_no_number_stays_none() -> None:
    network, rows = single_layer(70, 64, 66)
    rows[0, 5, 7] = torch.nan
    found, _ = network.record(rows)
    assert found.isnan().all(dim=-1).nonzero().tolist() == [[0, 5]]
    assert found.isnan().sum() == 66


def test_a_recurrent_unit_is_not_rounded() -> None:
    cell = GRUCell(70, 80, SeedGenerators((0,), "cell"))
    inputs, memory = torch.randn(1, 2, 90, 70), torch.randn(1, 90, 80)
    first = torch.zeros(1, 2, 90, dtype=torch.bool)
    found = cell.sequence(inputs, first, memory)
    round_products(False)
    compile_networks(False)
    for one, other in zip(found, cell.sequence(inputs, first, memory), strict=True):
        assert_close(one.detach(), other.detach())


def test_nothing_is_rounded_where_it_is_not_wanted() -> None:
    round_products(False)
    network, rows = single_layer(64, 64, 64)
    (layer,) = network.layers
    expected = product(rows, layer.weight, False) + layer.bias
    assert_close(network.record(rows)[0], expected.detach(), 1e-6)
