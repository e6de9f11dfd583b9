"""Windows around rare rows: which values are rare, and where their windows begin."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from p2e.nn.generators import SeedGenerators
from p2e.replay.buffers import RowBuffer
from p2e.replay.rare_windows import draw_rows, rare, window_starts

Make = Callable[..., SeedGenerators]


def rewards(*places: int, rows: int = 400) -> Tensor:
    """Rewards of 1 at these places, and 0 elsewhere."""
    reward = torch.zeros(1, rows)
    reward[0, list(places)] = 1.0
    return reward


def starts_of(values: Tensor, length: int, *of: Any) -> Tensor:
    """The starts of windows of rows with these values (S, N)."""
    seeds, rows = values.shape
    buffer = RowBuffer(seeds, rows, {"reward": 1})
    buffer.add({"reward": values.unsqueeze(-1)})
    return window_starts(buffer, "reward", length, *of)


def test_a_few_successes_are_rare_and_many_are_not() -> None:
    assert rare(rewards(7, 300)).nonzero()[:, 1].tolist() == [7, 300]
    assert not rare(rewards(*range(0, 400, 4))).any()
    assert not rare(torch.full((1, 50), 5.0)).any()  # a constant has no outlier
    dense = torch.rand(2, 400, generator=torch.Generator().manual_seed(0))
    assert not rare(dense).any()


def test_a_rare_cost_counts_as_well() -> None:
    assert rare(-rewards(7)).nonzero()[:, 1].tolist() == [7]


def test_the_stated_share_of_windows_holds_a_rare_reward(generators: Make) -> None:
    reward = rewards(0, 150, 399)
    start = starts_of(reward, 8, 1000, 0.25, generators(0))
    assert start.shape == (1, 1000) and start.min() >= 0 and start.max() <= 392
    inside = reward[0][(start[0].unsqueeze(1) + torch.arange(8))].sum(dim=1) > 0
    assert inside[:250].all()
    assert inside[250:].float().mean() < 0.1
    around = [(start[0, :250] <= place) & (place < start[0, :250] + 8) for place in (0, 150, 399)]
    assert min(float(hit.float().mean()) for hit in around) > 0.25  # each of the three
    offsets = 150 - start[0, :250][around[1]]
    assert set(offsets.tolist()) == set(range(8))  # anywhere in the window


def test_without_rare_rewards_windows_are_uniform(generators: Make) -> None:
    start = starts_of(torch.zeros(1, 11), 4, 20_000, 0.5, generators(0))
    counts = torch.bincount(start[0], minlength=8) / 20_000
    torch.testing.assert_close(counts, torch.full((8,), 1 / 8), atol=0.01, rtol=0)


def test_a_share_of_zero_draws_uniformly(generators: Make) -> None:
    start = starts_of(rewards(7), 4, 5000, 0.0, generators(0))
    holds = (start <= 7) & (start > 3)
    assert holds.float().mean() < 0.03


def test_a_seed_is_not_moved_by_the_seeds_beside_it(generators: Make) -> None:
    together = starts_of(torch.cat([rewards(), rewards(7)]), 4, 100, 0.5, generators(0, 1))
    alone = starts_of(rewards(7), 4, 100, 0.5, generators(1))
    assert torch.equal(together[1:], alone)


def test_single_rows_lie_around_rare_ones(generators: Make) -> None:
    buffer = RowBuffer(1, 400, {"reward": 1, "place": 1})
    places = torch.arange(400.0).view(1, 400, 1)
    buffer.add({"reward": rewards(150).unsqueeze(-1), "place": places})
    rows = draw_rows(buffer, "reward", 8, 1000, 0.25, generators(0))
    assert rows["place"].shape == (1, 1000, 1)
    distance = (rows["place"][0, :, 0] - 150).abs()
    assert distance[:250].max() == 7 and (distance[:250] == 0).float().mean() > 0.05
    assert (distance[250:] <= 7).float().mean() < 0.1
    assert torch.equal(rows["reward"][0, :, 0] == 1, distance == 0)
    anywhere = rows["place"][0, 250:]
    assert anywhere.min() < 20 and anywhere.max() > 380
