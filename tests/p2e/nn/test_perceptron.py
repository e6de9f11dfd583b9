"""The perceptron's written-out backward pass against autograd through torch.nn's layers."""

import pytest
import torch
from torch import Tensor, nn

from p2e.nn.batched_mlp import BatchedMLP
from p2e.nn.generators import SeedGenerators
from p2e.nn.perceptron import NORM_RELU, RELU, SILU, TANH, Activation
from tests.helpers.plain_network import NormReLU, plain_network

KINDS: list[tuple[Activation, type[nn.Module]]] = [
    (RELU, nn.ReLU),
    (SILU, nn.SiLU),
    (TANH, nn.Tanh),
    (NORM_RELU, NormReLU),
]


def random_rows(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def network_of(
    sizes: list[int], activation: Activation, lead: tuple[int, ...] = (2, 3)
) -> BatchedMLP:
    generators = SeedGenerators(range(lead[0]), "weights")
    return BatchedMLP(lead, sizes, generators, activation).double()


@pytest.mark.parametrize("sizes", [[4, 8, 6, 3], [4, 8, 1], [4, 1, 3], [4, 2], [1, 5, 1]])
@pytest.mark.parametrize(("activation", "kind"), KINDS)
def test_outputs_and_gradients_are_those_of_torch(
    sizes: list[int], activation: Activation, kind: type[nn.Module]
) -> None:
    network = network_of(sizes, activation)
    rows = random_rows(2, 3, 10, sizes[0]).requires_grad_()
    output = network(rows)
    slopes = random_rows(*output.shape)
    (output * slopes).sum().backward()
    assert network.weights.grad is not None and rows.grad is not None
    gradients = network.as_layers(network.weights.grad)
    for index in [(0, 0), (1, 2)]:
        plain = plain_network(network, index, kind)
        plain_rows = rows.detach()[index].clone().requires_grad_()
        expected = plain(plain_rows)
        torch.testing.assert_close(output[index], expected)
        (expected * slopes[index]).sum().backward()
        assert plain_rows.grad is not None
        torch.testing.assert_close(rows.grad[index], plain_rows.grad)
        linears = [module for module in plain if isinstance(module, nn.Linear)]
        for gradient, linear in zip(gradients, linears, strict=True):
            assert linear.weight.grad is not None and linear.bias.grad is not None
            torch.testing.assert_close(gradient.weight[index], linear.weight.grad.T)
            torch.testing.assert_close(gradient.bias[index][0], linear.bias.grad)


@pytest.mark.parametrize("sizes", [[4, 8, 6, 3], [4, 8, 1], [4, 1, 3], [4, 2], [1, 5, 1]])
@pytest.mark.parametrize("activation", [RELU, SILU, TANH])
def test_the_tangent_is_the_derivative_along_a_change_of_the_weights(
    sizes: list[int], activation: Activation
) -> None:
    network = network_of(sizes, activation)
    rows = random_rows(2, 3, 10, sizes[0])
    _, tape = network.record(rows)
    change = random_rows(*network.weights.shape)
    tangent = network.tangent(tape, change)
    slopes = random_rows(*tangent.shape)
    # J v along the slopes is v along J^T of the slopes, which autograd was compared with above.
    of_weights = network.weight_gradient(tape, slopes)
    torch.testing.assert_close((tangent * slopes).sum(dim=(2, 3)), (change * of_weights).sum(dim=2))
    length, start = 1e-6, network.weights.detach().clone()
    with torch.no_grad():
        network.weights.copy_(start + length * change)
        ahead = network(rows)
        network.weights.copy_(start - length * change)
        difference = (ahead - network(rows)) / (2 * length)
    torch.testing.assert_close(tangent, difference, rtol=1e-5, atol=1e-6)


def test_there_is_no_tangent_where_units_are_taken_together() -> None:
    network = network_of([4, 8, 2], NORM_RELU)
    _, tape = network.record(random_rows(2, 3, 10, 4))
    with pytest.raises(ValueError, match="has no tangent"):
        network.tangent(tape, random_rows(*network.weights.shape))


def test_only_what_is_asked_for_is_computed() -> None:
    network = network_of([4, 8, 2], RELU)
    rows = random_rows(2, 3, 10, 4)
    output, tape = network.record(rows)
    slopes = random_rows(*output.shape)
    both = network.gradients(tape, slopes, weights=True, columns=slice(None))
    assert both[0] is not None and both[1] is not None
    assert torch.equal(network.weight_gradient(tape, slopes), both[0])
    of_columns = network.row_gradient(tape, slopes, slice(1, 3))
    torch.testing.assert_close(of_columns, both[1][..., 1:3])
    assert network.gradients(tape, slopes, weights=True, columns=None)[1] is None
    assert network.gradients(tape, slopes, weights=False, columns=slice(0, 1))[0] is None


def test_a_tape_can_be_read_twice_and_inputs_stay_as_they_were() -> None:
    for activation, _ in KINDS:
        network = network_of([4, 8, 8, 2], activation)
        rows, slopes = random_rows(2, 3, 10, 4), random_rows(2, 3, 10, 2)
        before = rows.clone(), slopes.clone()
        _, tape = network.record(rows)
        first, second = (network.weight_gradient(tape, slopes) for _ in range(2))
        assert torch.equal(first, second)
        assert torch.equal(rows, before[0]) and torch.equal(slopes, before[1])


def test_rows_without_gradient_and_expanded_gradients() -> None:
    network = network_of([4, 8, 2], SILU)
    network(random_rows(2, 3, 10, 4)).sum().backward()  # the gradient of a sum is expanded
    gradient = network.weights.grad
    assert gradient is not None
    torch.testing.assert_close(
        network.as_layers(gradient)[-1].bias, torch.full((2, 3, 1, 2), 10.0).double()
    )


def test_the_network_follows_its_parameter_wherever_it_is() -> None:
    """Views of parameters are cached between passes, but must not outlive their memory."""
    network = BatchedMLP((2,), [3, 4, 1], SeedGenerators([0, 1], "weights"))
    rows = random_rows(2, 5, 3)
    with pytest.raises(RuntimeError):
        network(rows)  # single precision weights, double precision rows
    outputs = network.double()(rows)
    with torch.no_grad():
        network.weights.mul_(2.0)
    doubled = network(rows)
    assert not torch.allclose(outputs, doubled)
    with torch.no_grad():
        network.weights.div_(2.0)
    torch.testing.assert_close(network(rows), outputs)
    network.load_state_dict({"weights": network.weights.detach() * 2.0})
    torch.testing.assert_close(network(rows), doubled)


@pytest.mark.parametrize("shape", [(2, 3, 4, 6), (3, 2, 4, 5), (3, 4, 5), (2, 1, 4, 5)])
def test_a_mismatch_names_both_shapes(shape: tuple[int, ...]) -> None:
    network = BatchedMLP((2, 3), [5, 3], SeedGenerators([0, 1], "weights"))
    with pytest.raises(ValueError) as raised:
        network(torch.zeros(shape))
    assert str(shape) in str(raised.value) and "(2, 3, 'rows', 5)" in str(raised.value)
