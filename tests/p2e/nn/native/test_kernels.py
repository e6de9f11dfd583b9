"""The kernels in C++ against PyTorch's operators, on random shapes and numbers."""

import random
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from p2e.nn.batched_mlp import BatchedMLP
from p2e.nn.compilation import compile_networks
from p2e.nn.ensemble import Ensemble
from p2e.nn.generators import SeedGenerators
from p2e.nn.gru_cell import GRUCell
from p2e.nn.optimizer import SeedOptimizer
from p2e.nn.perceptron import RELU, SILU
from p2e.nn.target_networks import target_copy
from tests.conftest import needs_a_compiler

pytestmark = needs_a_compiler


def in_both_ways(compute: Callable[[], Any]) -> tuple[Any, Any]:
    """In C++, and with PyTorch's operators."""
    results = []
    for in_cpp in (True, False):
        compile_networks(in_cpp)
        results.append(compute())
    return results[0], results[1]


def assert_close(found: Tensor, expected: Tensor, tolerance: float = 2e-5) -> None:
    assert found.shape == expected.shape
    scale = max(1e-3, expected.abs().max().item()) if expected.numel() else 1
    assert (found - expected).abs().max().item() <= tolerance * scale if expected.numel() else True


def random_network(chance: random.Random) -> tuple[BatchedMLP, Tensor]:
    """A network of random leading axes, sizes and activation, and rows for it."""
    seeds, members = chance.choice((1, 2, 3)), chance.choice((None, 1, 2, 5))
    sizes = [chance.randint(1, 70) for _ in range(chance.randint(2, 5))]
    sizes[-1] = chance.choice((1, 2, sizes[-1]))
    generators = SeedGenerators(range(seeds), f"weights {chance.random()}")
    lead = (seeds,) if members is None else (seeds, members)
    network = BatchedMLP(lead, sizes, generators, chance.choice((RELU, SILU)))
    rows = torch.randn(*lead, chance.choice((1, 2, 7, 33, 128)), sizes[0])
    return network, 3 * rows


@pytest.mark.parametrize("draw", range(60))
def test_a_perceptron_and_its_gradients(draw: int) -> None:
    torch.manual_seed(draw)
    network, rows = random_network(random.Random(draw))
    of_output = torch.randn(*rows.shape[:-1], network.sizes[-1])

    def compute() -> list[Tensor]:
        wanted = rows.clone().requires_grad_(True)
        output = network(wanted)
        gradients = torch.autograd.grad(output, (network.weights, wanted), of_output)
        with torch.no_grad():
            inferred = network(rows)
        return [output, inferred, *gradients]

    for found, expected in zip(*in_both_ways(compute), strict=True):
        assert_close(found, expected)


@pytest.mark.parametrize("draw", range(20))
def test_the_gradient_of_some_columns(draw: int) -> None:
    torch.manual_seed(draw)
    chance = random.Random(draw)
    network, rows = random_network(chance)
    gradient = torch.randn(*rows.shape[:-1], network.sizes[-1])
    first = chance.randrange(network.sizes[0])
    columns = slice(first, chance.randint(first + 1, network.sizes[0]))
    found, expected = in_both_ways(
        lambda: network.row_gradient(network.record(rows)[1], gradient, columns)
    )
    assert_close(found, expected)


def test_members_share_rows_and_rows_may_be_a_part_of_wider_ones() -> None:
    network = Ensemble(3, [4, 20, 5], SeedGenerators((1, 2), "weights"))
    wide = torch.randn(2, 50, 9)
    for rows in (wide[..., 2:6], wide.transpose(1, 2).contiguous().transpose(1, 2)[..., :4]):
        assert_close(*in_both_ways(lambda: network.predict_each(rows).detach()))  # noqa: B023


def test_a_network_that_was_used_can_be_copied() -> None:
    compile_networks(True)
    network = BatchedMLP((1,), [3, 8, 2], SeedGenerators((1,), "weights"))
    rows = torch.randn(1, 5, 3)
    output = network(rows)
    copy = target_copy(network)
    with torch.no_grad():
        network.weights.zero_()
    assert torch.equal(copy(rows), output)


@pytest.mark.parametrize("draw", range(30))
def test_a_recurrent_unit_along_a_sequence_and_its_gradients(draw: int) -> None:
    torch.manual_seed(draw)
    chance = random.Random(draw)
    seeds, steps, batch = chance.choice((1, 3)), chance.randint(1, 9), chance.choice((1, 5, 16))
    features, units = chance.randint(1, 40), chance.randint(1, 40)
    cell = GRUCell(features, units, SeedGenerators(range(seeds), f"weights {draw}"))
    inputs, memory = torch.randn(seeds, steps, batch, features), torch.randn(seeds, batch, units)
    first = torch.rand(seeds, steps, batch) < 0.2
    of_outputs = [torch.randn(seeds, steps, batch, units) for _ in range(2)]

    def compute() -> list[Tensor]:
        wanted = [x.clone().requires_grad_(True) for x in (inputs, memory)]
        outputs = cell.sequence(wanted[0], first, wanted[1])
        sources = (*wanted, *cell.parameters())
        if draw % 2:
            gradients = torch.autograd.grad(outputs, sources, of_outputs)
        else:
            gradients = torch.autograd.grad(outputs[1], sources, of_outputs[1])
        with torch.no_grad():
            step = cell(inputs[:, 0], memory)
        return [*outputs, *gradients, step]

    for found, expected in zip(*in_both_ways(compute), strict=True):
        assert_close(found, expected)


@pytest.mark.parametrize("clip_norm", [None, 0.5])
@pytest.mark.parametrize("decayed", [False, True])
def test_adam(clip_norm: float | None, decayed: bool) -> None:
    def compute() -> list[Tensor]:
        torch.manual_seed(0)
        shapes = ((2, 37), (2, 5, 16), (2, 1))
        parameters = [nn.Parameter(torch.randn(shape)) for shape in shapes]
        decays = [torch.full((2, 37), 0.1), torch.zeros(()), torch.full((2, 1), 0.2)]
        optimizer = SeedOptimizer(
            parameters, 0.01, clip_norm, weight_decays=decays if decayed else None
        )
        norms = [
            optimizer.descend([torch.randn(p.shape) for p in parameters], 0.5) for _ in range(5)
        ]
        state = optimizer.state_dict()
        return [*parameters, *norms, *state["means"], *state["squares"], state["step"]]

    for found, expected in zip(*in_both_ways(compute), strict=True):
        assert_close(found.detach(), expected.detach())
