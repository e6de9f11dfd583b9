"""Two policies that act in turn."""

import pytest
import torch

from p2e.taking_turns import TakingTurns
from tests.conftest import ConstantPolicy

CPU = torch.device("cpu")


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
    for _ in expected:
        policy.step(torch.tensor([True]))
        seen += acted(policy)
        policy.step(torch.tensor([False]))
        assert acted(policy) == seen[-1:], "within an episode nothing changes"
    assert seen == expected


def test_each_seed_counts_its_own_episodes() -> None:
    policy = turns(0.5, seeds=2)
    policy.step(torch.tensor([True, True]))
    policy.step(torch.tensor([False, True]))
    assert acted(policy, seeds=2) == [0.25, -0.5]


def test_a_restored_one_goes_on_in_the_same_turn() -> None:
    policy, other = turns(0.5), turns(0.5)
    policy.step(torch.tensor([True]))
    policy.step(torch.tensor([True]))
    other.load_state_dict(policy.state_dict())
    assert acted(other) == acted(policy) == [-0.5]
