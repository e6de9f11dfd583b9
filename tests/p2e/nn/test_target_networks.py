"""Target networks follow the online ones, never the reverse."""

import torch

from p2e.nn.batched_mlp import BatchedMLP
from p2e.nn.generators import SeedGenerators
from p2e.nn.target_networks import soft_update, target_copy


def network(seed: int) -> BatchedMLP:
    return BatchedMLP((2,), [3, 4, 1], SeedGenerators([seed, seed + 1], "weights"))


def test_a_copy_is_equal_apart_and_without_gradient() -> None:
    online = network(0)
    target = target_copy(online)
    for a, b in zip(target.parameters(), online.parameters(), strict=True):
        assert torch.equal(a, b) and a.data_ptr() != b.data_ptr()
        assert not a.requires_grad and b.requires_grad


def test_direction_and_rate_by_hand() -> None:
    online, target = network(0), target_copy(network(0))
    with torch.no_grad():
        for a, b in zip(online.parameters(), target.parameters(), strict=True):
            a.fill_(10.0)
            b.fill_(2.0)
    for expected in (4.0, 5.5, 6.625):  # a quarter of the way to 10 each time
        soft_update(target, online, 0.25)
        for a, b in zip(online.parameters(), target.parameters(), strict=True):
            assert torch.equal(a, torch.full_like(a, 10.0))
            assert torch.equal(b, torch.full_like(b, expected))


def test_rate_one_copies_and_leaves_the_networks_apart() -> None:
    online, target = network(0), target_copy(network(5))
    soft_update(target, online, 1.0)
    with torch.no_grad():
        next(online.parameters()).add_(1.0)
    pairs = list(zip(online.parameters(), target.parameters(), strict=True))
    assert not torch.equal(*pairs[0])
    assert all(torch.equal(a, b) for a, b in pairs[1:])
