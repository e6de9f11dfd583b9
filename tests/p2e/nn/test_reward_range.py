"""Imagined rewards stay within the range of the observed ones."""

import torch

from p2e.nn.normalizers import RewardRange


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


def test_a_share_of_the_range_is_where_a_reward_lies_on_the_symlog_scale() -> None:
    within = RewardRange(seeds=2)
    within.update(torch.tensor([[0.0, 1.0], [-1.0, 100.0]]))
    rewards = torch.tensor([[0.0, 2**0.5 - 1, 1.0], [-1.0, 0.0, 100.0]])
    low, high = -torch.tensor(2.0).log(), torch.tensor(101.0).log()
    expected = torch.tensor([[0.0, 0.5, 1.0], [0.0, -low / (high - low), 1.0]])
    torch.testing.assert_close(within.share(rewards), expected)
    torch.testing.assert_close(within.at(expected), rewards, atol=1e-5, rtol=1e-5)
    assert within.share(torch.tensor([[7.0], [-7.0]])).flatten().tolist() == [1.0, 0.0]


def test_where_nothing_differs_there_is_no_share() -> None:
    within = RewardRange(seeds=2)
    assert torch.equal(within.at(torch.ones(2, 1)), torch.zeros(2, 1))  # nothing was observed
    within.update(torch.tensor([[3.0, 3.0], [0.0, 1.0]]))
    assert within.differs.flatten().tolist() == [False, True]
    assert within.share(torch.full((2, 1), 3.0)).flatten().tolist() == [0.0, 1.0]
    torch.testing.assert_close(within.at(torch.full((2, 1), 1.0)), torch.tensor([[3.0], [1.0]]))
