"""Stacked linear layers against torch.nn.Linear, one for each seed and member."""

import math

import pytest
import torch
from torch import nn

from p2e.nn.batched_linear import BatchedLinear, normalise_rows
from p2e.nn.batched_mlp import BatchedMLP
from p2e.nn.generators import SeedGenerators


def linear_of(layer: BatchedLinear, index: tuple[int, ...]) -> nn.Linear:
    """The torch.nn.Linear with the weights at one index of the leading axes."""
    plain = nn.Linear(layer.in_features, layer.out_features)
    with torch.no_grad():
        plain.weight.copy_(layer.weight[index].T)
        plain.bias.copy_(layer.bias[index].squeeze(0))
    return plain


@pytest.mark.parametrize("lead", [(1,), (3,), (3, 2), (2, 2, 2)])
def test_every_index_is_a_linear_layer_of_its_own(lead: tuple[int, ...]) -> None:
    layer = BatchedLinear(lead, 5, 4, SeedGenerators(range(lead[0]), "weights"))
    x = torch.randn(*lead, 7, 5, generator=torch.Generator().manual_seed(0))
    y = layer(x)
    assert y.shape == (*lead, 7, 4)
    for flat in range(math.prod(lead)):
        index = tuple(int(i) for i in torch.unravel_index(torch.tensor(flat), lead))
        torch.testing.assert_close(y[index], linear_of(layer, index)(x[index]))


def test_gradients_are_those_of_the_linear_layer() -> None:
    layer = BatchedLinear((2, 3), 5, 4, SeedGenerators([0, 1], "weights"))
    x = torch.randn(2, 3, 6, 5, generator=torch.Generator().manual_seed(1))
    layer(x).square().sum().backward()
    plain = linear_of(layer, (1, 2))
    plain(x[1, 2]).square().sum().backward()
    assert layer.weight.grad is not None and layer.bias.grad is not None
    assert plain.weight.grad is not None and plain.bias.grad is not None
    torch.testing.assert_close(layer.weight.grad[1, 2].T, plain.weight.grad)
    torch.testing.assert_close(layer.bias.grad[1, 2, 0], plain.bias.grad)


def test_expanded_rows_give_the_same_as_copied_rows() -> None:
    layer = BatchedLinear((2, 3), 4, 2, SeedGenerators([0, 1], "weights"))
    x = torch.randn(2, 1, 5, 4, generator=torch.Generator().manual_seed(2)).expand(2, 3, 5, 4)
    assert torch.equal(layer(x), layer(x.clone()))


def test_initial_weights_fill_the_range_of_the_true_fan_in() -> None:
    layer = BatchedLinear((2, 5), 16, 300, SeedGenerators([0, 1], "weights"))
    for values in (layer.weight.detach(), layer.bias.detach()):
        assert float(values.abs().max()) <= 0.25  # 1 / sqrt(16)
        for member in values.flatten(0, 1):
            assert float(member.max()) > 0.24 and float(member.min()) < -0.24
            assert abs(float(member.std()) - 0.25 / math.sqrt(3)) < 0.02


def test_members_and_seeds_start_from_different_weights() -> None:
    layer = BatchedLinear((2, 3), 4, 4, SeedGenerators([0, 1], "weights"))
    stacked = layer.weight.flatten(0, 1)
    for i in range(6):
        for j in range(i):
            assert not bool((stacked[i] == stacked[j]).any())


def test_a_seed_starts_from_the_same_weights_alone_and_in_a_group() -> None:
    group = BatchedMLP((3, 2), [4, 8, 2], SeedGenerators([5, 6, 7], "weights"))
    alone = BatchedMLP((1, 2), [4, 8, 2], SeedGenerators([6], "weights"))
    for many, one in zip(group.parameters(), alone.parameters(), strict=True):
        assert torch.equal(many[1], one[0])


@pytest.mark.parametrize("shape", [(2, 4, 6), (3, 4, 5), (4, 5), (2, 1, 4, 5)])
def test_a_mismatch_names_both_shapes(shape: tuple[int, ...]) -> None:
    layer = BatchedLinear((2,), 5, 3, SeedGenerators([0, 1], "weights"))
    with pytest.raises(ValueError) as raised:
        layer(torch.zeros(shape))
    assert str(shape) in str(raised.value) and "(2, 'rows', 5)" in str(raised.value)


def test_normalised_rows_by_hand() -> None:
    rows = normalise_rows(torch.tensor([[1.0, 3.0], [-5.0, 5.0]]))
    torch.testing.assert_close(rows, torch.tensor([[-1.0, 1.0], [-1.0, 1.0]]), atol=1e-4, rtol=0)
