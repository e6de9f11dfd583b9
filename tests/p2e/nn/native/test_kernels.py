"""The kernels in C++ against PyTorch's operators, on random shapes and numbers."""

import random

import pytest
import torch
from torch import Tensor, nn

from p2e.nn.batched_mlp import BatchedMLP
from p2e.nn.compilation import compile_networks
from p2e.nn.ensemble import Ensemble
from p2e.nn.generators import SeedGenerators
from p2e.nn.gru_cell import GRUCell
from p2e.nn.native.perceptrons import ACTIVATIONS
from p2e.nn.optimizer import SeedOptimizer
from p2e.nn.perceptron import SILU, Activation
from tests.conftest import needs_a_compiler
from tests.helpers.both_ways import assert_close, in_both_ways

pytestmark = needs_a_compiler


def assert_all_close(found: list[Tensor], expected: list[Tensor], tolerance: float = 2e-5) -> None:
    for one, other in zip(found, expected, strict=True):
        assert_close(one, other, tolerance)


def random_network(chance: random.Random) -> tuple[BatchedMLP, Tensor]:
    """A network of random leading axes, sizes and activation, and rows for it."""
    seeds, members = chance.choice((1, 2, 3)), chance.choice((None, 1, 2, 5))
    sizes = [chance.randint(1, 70) for _ in range(chance.randint(2, 5))]
    sizes[-1] = chance.choice((1, 2, sizes[-1]))
    generators = SeedGenerators(range(seeds), f"weights {chance.random()}")
    lead = (seeds,) if members is None else (seeds, members)
    network = BatchedMLP(lead, sizes, generators, chance.choice(ACTIVATIONS))
    rows = torch.randn(*lead, chance.choice((1, 2, 7, 33, 128)), sizes[0])
    return network, 3 * rows


def check_perceptron(draw: int) -> None:
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

    assert_all_close(*in_both_ways(compute))


def check_columns(draw: int) -> None:
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


def check_recurrent_unit(draw: int) -> None:
    torch.manual_seed(draw)
    chance = random.Random(draw)
    seeds, steps, batch = chance.choice((1, 3)), chance.randint(1, 9), chance.choice((1, 5, 16))
    features, units = chance.randint(1, 40), chance.randint(1, 40)
    cell = GRUCell(features, units, SeedGenerators(range(seeds), f"weights {draw}"))
    inputs, memory = torch.randn(seeds, steps, batch, features), torch.randn(seeds, batch, units)
    first = torch.rand(seeds, steps, batch) < 0.2
    of_outputs = [torch.randn(seeds, steps, batch, units) for _ in range(2)]
    some = ((0, 1), (0,), (1,))[draw % 3]  # the gradient of both outputs or of one

    def compute() -> list[Tensor]:
        wanted = [x.clone().requires_grad_(True) for x in (inputs, memory)]
        outputs = cell.sequence(wanted[0], first, wanted[1])
        gradients = torch.autograd.grad(
            [outputs[i] for i in some],
            (*wanted, *cell.parameters()),
            [of_outputs[i] for i in some],
            materialize_grads=True,
        )
        with torch.no_grad():
            step = cell(inputs[:, 0], memory)
        return [*outputs, *gradients, step]

    assert_all_close(*in_both_ways(compute))


def check_adam(draw: int) -> None:
    chance = random.Random(draw)
    seeds, clip_norm = chance.choice((1, 2, 3)), chance.choice((None, 0.5, 1e3))
    shapes = [(seeds, 37), (seeds, 5, 16), (seeds, 1), (seeds, chance.randint(1000, 4000))]
    decays = [torch.full(shapes[0], 0.1), torch.zeros(()), torch.full(shapes[2], 0.2)]
    decayed = [*decays, torch.rand(shapes[3])] if draw % 2 else None

    def compute() -> list[Tensor]:
        torch.manual_seed(draw)
        parameters = [nn.Parameter(torch.randn(shape)) for shape in shapes]
        optimizer = SeedOptimizer(parameters, 0.01, clip_norm, weight_decays=decayed)
        norms = [
            optimizer.descend([torch.randn(p.shape) for p in parameters], 0.5) for _ in range(5)
        ]
        state = optimizer.state_dict()
        learned = (parameter.detach() for parameter in parameters)
        return [*learned, *norms, *state["means"], *state["squares"], state["step"]]

    assert_all_close(*in_both_ways(compute), 3e-6)


@pytest.mark.parametrize("draw", range(60))
def test_a_perceptron_and_its_gradients(draw: int) -> None:
    check_perceptron(draw)


@pytest.mark.parametrize("draw", range(20))
def test_the_gradient_of_some_columns(draw: int) -> None:
    check_columns(draw)


@pytest.mark.parametrize("draw", range(30))
def test_a_recurrent_unit_along_a_sequence_and_its_gradients(draw: int) -> None:
    check_recurrent_unit(draw)


@pytest.mark.parametrize("draw", range(8))
def test_adam(draw: int) -> None:
    check_adam(draw)


@pytest.mark.usefixtures("narrower_registers")
def test_narrower_registers_give_the_same() -> None:
    for draw in range(30):
        check_perceptron(draw)
    for draw in range(10):
        check_columns(draw)
        check_recurrent_unit(draw)
    for draw in range(2):
        check_adam(draw)


@pytest.mark.parametrize("size", [1e-9, 1e-7])
def test_adam_with_a_gradient_as_small_as_what_keeps_it_from_dividing_by_zero(size: float) -> None:
    def compute() -> list[Tensor]:
        torch.manual_seed(0)
        parameter = nn.Parameter(torch.zeros(2, 21))
        optimizer = SeedOptimizer([parameter], 1.0, clip_norm=10 * size)
        norms = optimizer.descend([size * torch.randn(2, 21)])
        return [parameter.detach(), norms / size, optimizer.state_dict()["means"][0] / size]

    assert_all_close(*in_both_ways(compute))


def test_adam_takes_a_gradient_that_lies_apart() -> None:
    def compute() -> list[Tensor]:
        parameter = nn.Parameter(torch.ones(2, 3, 5))
        gradient = torch.arange(2.0).view(2, 1, 1).expand(2, 3, 5) + 1
        apart = torch.arange(30.0).view(2, 5, 3).mT
        optimizer = SeedOptimizer([parameter], 0.1)
        norms = [optimizer.descend([x]) for x in (gradient, apart, apart[:, :1].expand(2, 3, 5))]
        return [parameter.detach(), *norms]

    assert_all_close(*in_both_ways(compute))


@pytest.mark.parametrize("sizes", [[4, 20, 5], [4, 5], [4, 1]])
def test_members_share_rows_and_rows_may_be_a_part_of_wider_ones(sizes: list[int]) -> None:
    network = Ensemble(3, sizes, SeedGenerators((1, 2), "weights"))
    wide = torch.randn(2, 50, 9)
    for rows in (wide[..., 2:6], wide.transpose(1, 2).contiguous().transpose(1, 2)[..., :4]):

        def compute(rows: Tensor = rows) -> Tensor:
            return network.predict_each(rows).detach()

        assert_close(*in_both_ways(compute))


def test_numbers_that_lie_apart_are_read_as_they_are() -> None:
    def lying_apart(x: Tensor) -> Tensor:
        return x.transpose(-1, -2).contiguous().transpose(-1, -2)

    network = BatchedMLP((2,), [7, 20, 5], SeedGenerators((1, 2), "weights"), SILU)
    cell = GRUCell(6, 9, SeedGenerators((1, 2), "cell"))
    rows, gradient = torch.randn(2, 12, 7), torch.randn(2, 12, 5)
    inputs, memory = torch.randn(2, 4, 3, 6), torch.randn(2, 3, 9)
    first, of_memories = torch.rand(2, 3, 4) < 0.3, torch.randn(2, 2, 4, 3, 9)

    def compute() -> list[Tensor]:
        output, tape = network.record(lying_apart(rows))
        of_weights = network.weight_gradient(tape, lying_apart(gradient))
        of_rows = network.row_gradient(tape, lying_apart(gradient), slice(1, 7, None))
        wanted = [lying_apart(x).requires_grad_(True) for x in (inputs, memory)]
        memories = cell.sequence(wanted[0], first.mT, wanted[1])
        of_cell = torch.autograd.grad(memories, wanted, [lying_apart(x) for x in of_memories])
        return [output, of_weights, of_rows, *(x.detach() for x in memories), *of_cell]

    assert_all_close(*in_both_ways(compute))


def test_no_rows_have_no_outputs_and_no_gradient() -> None:
    compile_networks(True)
    network = BatchedMLP((2,), [7, 20, 5], SeedGenerators((1, 2), "weights"))
    output, tape = network.record(torch.zeros(2, 0, 7))
    assert output.shape == (2, 0, 5)
    assert not network.weight_gradient(tape, torch.zeros(2, 0, 5)).any()


def test_a_weight_gradient_without_rows_and_one_of_rows_without_weights() -> None:
    network = BatchedMLP((2,), [7, 20, 5], SeedGenerators((1, 2), "weights"))
    rows, gradient = torch.randn(2, 9, 7), torch.randn(2, 9, 5)
    for weights, columns in ((True, None), (False, slice(2, 5)), (True, slice(0, 7))):

        def compute(weights: bool = weights, columns: slice | None = columns) -> list[Tensor]:
            _, tape = network.record(rows)
            both = network.gradients(tape, gradient, weights, columns)
            return [x for x in both if x is not None]

        assert_all_close(*in_both_ways(compute))


@pytest.mark.parametrize("members", [None, 3])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("outputs", [1, 18])
def test_a_seeds_perceptron_is_the_same_alone_to_the_last_bit(
    members: int | None, activation: Activation, outputs: int
) -> None:
    compile_networks(True)

    def compute(*seeds: int) -> list[Tensor]:
        lead = (len(seeds),) if members is None else (len(seeds), members)
        generators = SeedGenerators(seeds, "numbers")
        network = BatchedMLP(lead, [13, 40, 21, outputs], generators, activation)
        rows = generators.normal(*lead[1:], 30, 13)
        output, tape = network.record(rows)
        gradient = generators.normal(*lead[1:], 30, outputs)
        both = network.gradients(tape, gradient, True, slice(3, 12))
        with torch.no_grad():
            return [network(rows), output, *(x for x in both if x is not None)]

    for alone, group in zip(compute(5), compute(3, 5, 8), strict=True):
        assert torch.equal(alone[0], group[1])


def test_a_seeds_recurrent_unit_is_the_same_alone_to_the_last_bit() -> None:
    compile_networks(True)

    def compute(*seeds: int) -> list[Tensor]:
        generators = SeedGenerators(seeds, "numbers")
        cell = GRUCell(13, 21, generators)
        inputs, memory = generators.normal(6, 7, 13), generators.normal(7, 21)
        first, of_after = generators.normal(6, 7) > 1, generators.normal(6, 7, 21)
        sources = [inputs.requires_grad_(True), memory.requires_grad_(True)]
        outputs = cell.sequence(inputs, first, memory)
        return [
            *outputs,
            *torch.autograd.grad(outputs[1], [*sources, *cell.parameters()], of_after),
        ]

    for alone, group in zip(compute(5), compute(3, 5, 8), strict=True):
        assert torch.equal(alone[0], group[1])


def test_a_seeds_step_of_adam_is_the_same_alone_to_the_last_bit() -> None:
    compile_networks(True)

    def compute(*seeds: int) -> list[Tensor]:
        generators, sizes = SeedGenerators(seeds, "numbers"), (37, 2100)
        parameters = [nn.Parameter(generators.normal(size)) for size in sizes]
        decays = [0.1 * generators.normal(size).square() for size in sizes]
        optimizer = SeedOptimizer(parameters, 0.01, 0.5, weight_decays=decays)
        norms = [optimizer.descend([generators.normal(n) for n in sizes]) for _ in range(3)]
        state = optimizer.state_dict()
        return [*parameters, *norms, *state["means"], *state["squares"]]

    for alone, group in zip(compute(5), compute(3, 5, 8), strict=True):
        assert torch.equal(alone[0], group[1])


def test_a_gradient_that_is_no_number_is_noticed_in_its_seed() -> None:
    compile_networks(True)
    parameter = nn.Parameter(torch.zeros(2, 21))
    gradient = torch.ones(2, 21)
    gradient[1, 20] = torch.nan
    norms = SeedOptimizer([parameter], 0.1, clip_norm=0.5).descend([gradient])
    assert norms.isnan().tolist() == [False, True]
    assert not parameter[0].isnan().any() and parameter[1, 20].isnan()
