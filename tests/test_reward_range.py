"""Imagined rewards stay within the range of those that were met."""

import torch

from p2e.reward_range import RewardRange


def test_each_seed_has_a_range_of_its_own() -> None:
    within = RewardRange(seeds=2)
    for rewards in ([-0.1, 0.0], [0.0, 0.0], [100.0, 0.0]):
        within.update(torch.tensor(rewards).unsqueeze(1))
    predicted = torch.tensor([[-7.0, -0.1, 50.0, 3e9]]).expand(2, 4)
    expected = [[-0.1, -0.1, 50.0, 100.0], [0.0, 0.0, 0.0, 0.0]]
    torch.testing.assert_close(within(predicted), torch.tensor(expected))


def test_before_a_reward_was_met_there_is_no_range() -> None:
    predicted = torch.tensor([[-7.0, 3e9]])
    assert torch.equal(RewardRange(seeds=1)(predicted), predicted)
