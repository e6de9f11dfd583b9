"""Separate reward heads: their predictions, their learning, and the inputs that they read."""

import pytest
import torch
from torch import Tensor

from p2e.nn.generators import SeedGenerators
from p2e.nn.normalizers import RewardRange
from p2e.nn.optimizer import SeedOptimizer
from p2e.world.reward_heads import RewardHeads

SEEDS, HEADS, OBSERVATION, ACTION = 2, 3, 6, 2
RATE = 3e-3


def make_heads() -> RewardHeads:
    generators = SeedGenerators(range(SEEDS), "test heads")
    return RewardHeads(OBSERVATION, ACTION, generators, HEADS, hidden=[32])


def from_nothing_to(most: float) -> RewardRange:
    within = RewardRange(SEEDS)
    within.update(torch.tensor([[0.0, most]]).expand(SEEDS, 2))
    return within


def rows_of_a_goal(draws: SeedGenerators, rows: int) -> tuple[Tensor, Tensor, Tensor]:
    """Reward 1 if the first feature is above 1.5, which holds for one row in fifteen."""
    reached = draws.normal(rows, OBSERVATION)
    action = draws.uniform(-1.0, 1.0, rows, ACTION)
    return reached, action, (reached[..., 0] > 1.5).float()


def learned(price: float, updates: int = 600) -> tuple[RewardHeads, RewardRange]:
    heads, within = make_heads(), from_nothing_to(1.0)
    optimizer = SeedOptimizer(heads.parameters(), RATE)
    draws = SeedGenerators(range(SEEDS), "test rows")
    for _ in range(updates):
        optimizer.step(heads.loss(*rows_of_a_goal(draws, 256), within))
        heads.shrink_inputs(torch.full((SEEDS,), price * RATE))
    return heads, within


def input_norms(heads: RewardHeads) -> Tensor:
    norms: Tensor = heads.layers[0].weight.detach().norm(dim=-1)
    return norms


@pytest.mark.parametrize("pessimistic", [False, True])
def test_the_mean_of_the_heads_counts_or_if_asked_for_the_lowest(pessimistic: bool) -> None:
    heads, within = make_heads(), from_nothing_to(100.0)
    heads.pessimistic = pessimistic
    draws = SeedGenerators(range(SEEDS), "test rows")
    reached, action, _ = rows_of_a_goal(draws, 50)
    each = torch.sigmoid(heads.predict_each(torch.cat([reached, action], -1)).squeeze(-1))
    assert each.argmin(dim=1).unique().numel() == HEADS  # each is the lowest somewhere
    share = each.amin(dim=1) if pessimistic else each.mean(dim=1)
    expected = torch.expm1(share * torch.tensor(101.0).log())
    torch.testing.assert_close(heads.predict(reached, action, within), expected)


def test_where_one_reward_was_met_it_is_predicted_without_the_heads() -> None:
    heads, draws = make_heads(), SeedGenerators(range(SEEDS), "test rows")
    reached, action, _ = rows_of_a_goal(draws, 50)
    for reward, within in ((0.0, RewardRange(SEEDS)), (3.0, RewardRange(SEEDS))):
        if reward:
            within.update(torch.full((SEEDS, 4), reward))
        expected = within.at(
            torch.sigmoid(heads.predict_each(torch.cat([reached, action], -1)))[:, 0, :, 0]
        )
        found = heads.predict(reached, action, within)
        assert torch.equal(found, expected) and torch.allclose(found, torch.tensor(reward))


def test_an_input_that_says_nothing_is_not_read_for_long() -> None:
    heads, within = learned(price=2.0)
    norms = input_norms(heads)
    assert norms[..., 1:].max() < 0.1 < 0.5 < norms[..., 0].min()
    reached, action, reward = rows_of_a_goal(SeedGenerators(range(SEEDS), "other rows"), 2000)
    beside = (reached[..., 0] - 1.5).abs() < 0.1
    paid = heads.predict(reached, action, within)
    assert ((paid > 0.5) == (reward > 0.5))[~beside].float().mean() > 0.99
    without_price, _ = learned(price=0.0)
    assert input_norms(without_price).min() > 0.5


def test_shrinking_shortens_each_seeds_inputs_by_its_own_amount() -> None:
    heads = make_heads()
    with torch.no_grad():
        heads.layers[0].weight[0, 0, 0] *= 1e-3
    before, rest = input_norms(heads), heads.layers[1].weight.clone()
    directions = heads.layers[0].weight[0] / before[0].unsqueeze(-1)
    heads.shrink_inputs(torch.tensor([0.1, 0.0]))
    after = input_norms(heads)
    torch.testing.assert_close(after[0], (before[0] - 0.1).clamp(min=0.0))
    assert after[0, 0, 0] == 0 and torch.equal(after[1], before[1])
    torch.testing.assert_close(heads.layers[0].weight[0], directions * after[0].unsqueeze(-1))
    assert torch.equal(heads.layers[1].weight, rest)
