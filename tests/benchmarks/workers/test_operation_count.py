"""Operations of matrix products, against a count by hand."""

import torch
from torch import nn

from benchmarks.workers.operation_count import (
    counted_operations,
    product_operations,
    product_seconds,
)
from p2e.nn.batched_mlp import BatchedMLP
from tests.conftest import MakeGenerators

# Rows, inputs, hidden units and outputs of the network that is counted.
B, I, H, O = 7, 3, 5, 2  # noqa: E741


def test_a_network_forward_and_backward() -> None:
    """Backward: gradients of both weights, and of the hidden layer but not of the input."""
    network = nn.Sequential(nn.Linear(I, H), nn.ReLU(), nn.Linear(H, O))
    forward = 2 * B * (I * H + H * O)
    assert counted_operations(lambda: network(torch.ones(B, I))) == forward
    both = counted_operations(lambda: network(torch.ones(B, I)).sum().backward())
    assert both == forward + 2 * B * (I * H + 2 * H * O)


def test_a_network_for_every_seed(generators: MakeGenerators) -> None:
    seeds = 3
    network = BatchedMLP((seeds,), (I, H, O), generators(*range(seeds)))
    rows = torch.ones(seeds, B, I)
    forward = seeds * 2 * B * (I * H + H * O)
    assert counted_operations(lambda: network(rows)) == forward
    both = counted_operations(lambda: network(rows).sum().backward())
    assert both == forward + seeds * 2 * B * (I * H + 2 * H * O)


def test_the_rate_of_a_core() -> None:
    assert product_operations(64) == counted_operations(
        lambda: torch.ones(64, 64) @ torch.ones(64, 64)
    )
    assert 0 < product_seconds(64, 3) < 1
