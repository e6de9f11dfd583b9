"""Two policies that act in turn."""

import pytest
import torch

from p2e.exploration.policies import TakingTurns
from tests.helpers.watcher import ConstantPolicy

CPU = torch.device("cpu")
YES, NONE = torch.tensor([True]), torch.tensor([0.0])


def turns(share: float, seeds: int = 1) -> TakingTurns:
    return TakingTurns(ConstantPolicy(0.25), ConstantPolicy(-0.5), share, seeds, CPU)


def acted(policy: TakingTurns, seeds: int = 1) -> list[float]:
    observation = torch.zeros(seeds, 1, 2)
    action = policy.act(observation, observation[..., 1:], deterministic=False)
    return [float(x) for x in action[:, 0, 0]]


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0.0, [0.25] * 8),
        (0.25, [0.25, 0.25, 0.25, -0.5, 0.25, 0.25, 0.25, -0.5]),
        (0.5, [0.25, -0.5] * 4),
        (1.0, [-0.5] * 8),
    ],
)
def test_the_task_policy_acts_in_its_share_of_the_episodes(
    share: float, expected: list[float]
) -> None:
    policy, seen = turns(share), []
    policy.step(YES, torch.tensor([1.0]))
    for _ in expected:
        policy.step(YES, NONE)
        seen += acted(policy)
        policy.step(~YES, NONE)
        assert acted(policy) == seen[-1:], "within an episode nothing changes"
    assert seen == expected


def test_the_explorer_acts_until_a_reward_above_0_was_met() -> None:
    policy = turns(1.0)
    for reward in (0.0, -1.0, 0.0, 0.5):
        policy.step(YES, torch.tensor([reward]))
        assert acted(policy) == [0.25]
    policy.step(~YES, NONE)
    assert acted(policy) == [0.25], "the episode is the explorer's until its end"
    policy.step(YES, NONE)
    assert acted(policy) == [-0.5]


def test_each_seed_counts_its_own_episodes() -> None:
    policy = turns(0.5, seeds=2)
    for first in ([True, True], [True, True], [False, True]):
        policy.step(torch.tensor(first), torch.tensor([1.0, 1.0]))
    assert acted(policy, seeds=2) == [0.25, -0.5]


def test_a_restored_one_goes_on_in_the_same_turn() -> None:
    policy, other = turns(0.5), turns(0.5)
    for _ in range(3):
        policy.step(YES, torch.tensor([1.0]))
    other.load_state_dict(policy.state_dict())
    assert acted(other) == acted(policy) == [-0.5]
