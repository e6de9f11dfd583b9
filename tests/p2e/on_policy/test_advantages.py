"""Generalised advantage estimation against its definition, written as a slow sum."""

import pytest
import torch
from torch import Tensor

from p2e.on_policy.advantages import advantages, explained_variance, standardised
from tests.p2e.on_policy.tiny import random

DISCOUNT, DECAY, STEPS = 0.9, 0.8, 30
REWARD, VALUE, NEXT_VALUE = (random(2, STEPS, seed=seed) for seed in range(3))


def flags(*of_seeds: list[int]) -> Tensor:
    result = torch.zeros(2, STEPS, dtype=torch.bool)
    for row, steps in enumerate(of_seeds):
        result[row, steps] = True
    return result


TERMINATED, TRUNCATED = flags([4, 5, 20], [29]), flags([11], [0, 13])


def by_definition(row: int, step: int, terminated: Tensor, ended: Tensor) -> float:
    """The sum of (gamma lambda)^l delta to the end of the episode or of the rollout."""
    total, factor = 0.0, 1.0
    for t in range(step, STEPS):
        following = 0.0 if terminated[row, t] else float(NEXT_VALUE[row, t])
        total += factor * (float(REWARD[row, t] - VALUE[row, t]) + DISCOUNT * following)
        factor *= DISCOUNT * DECAY
        if ended[row, t]:
            break
    return total


@pytest.mark.parametrize(
    ("terminated", "truncated"),
    [(TERMINATED, TRUNCATED), (TERMINATED, flags([], [])), (flags([], []), TRUNCATED)],
    ids=["both", "terminated", "truncated"],
)
def test_advantages_are_the_sums_within_episodes(terminated: Tensor, truncated: Tensor) -> None:
    ended = terminated | truncated
    result = advantages(REWARD, VALUE, NEXT_VALUE, terminated, ended, DISCOUNT, DECAY)
    expected = [[by_definition(r, t, terminated, ended) for t in range(STEPS)] for r in range(2)]
    torch.testing.assert_close(result, torch.tensor(expected, dtype=torch.float64))


def test_where_an_episode_is_cut_off_the_value_that_was_reached_counts() -> None:
    """A task of one step that pays 1 for ever is worth 1 / (1 - gamma), wherever it is cut."""
    worth = 1 / (1 - DISCOUNT)
    value, reward = torch.full((1, 3), worth), torch.ones(1, 3)
    cut, never = torch.tensor([[False, True, False]]), torch.zeros(1, 3, dtype=torch.bool)
    truncated = advantages(reward, value, value, never, cut, DISCOUNT, DECAY)
    torch.testing.assert_close(truncated, torch.zeros(1, 3), atol=1e-5, rtol=0.0)
    terminated = advantages(reward, value, value, cut, cut, DISCOUNT, DECAY)
    assert terminated[0, 1] == pytest.approx(1 - worth)


def test_decay_one_is_the_discounted_return_and_decay_zero_one_residual() -> None:
    never = flags([], [])
    whole = advantages(REWARD, VALUE, NEXT_VALUE, never, never, DISCOUNT, 0.0)
    torch.testing.assert_close(whole, REWARD + DISCOUNT * NEXT_VALUE - VALUE)
    chained = torch.cat([VALUE[:, 1:], NEXT_VALUE[:, -1:]], dim=1)
    whole = advantages(REWARD, VALUE, chained, never, never, DISCOUNT, 1.0)
    powers = DISCOUNT ** torch.arange(STEPS, dtype=torch.float64)
    returns = (REWARD * powers).sum(dim=1) + DISCOUNT**STEPS * NEXT_VALUE[:, -1]
    torch.testing.assert_close(whole[:, 0] + VALUE[:, 0], returns)


def test_each_seed_is_standardised_by_itself() -> None:
    values = torch.stack([3 + random(STEPS), 50 * random(STEPS, seed=1)])
    result = standardised(values)
    torch.testing.assert_close(result.mean(dim=1), torch.zeros(2).double(), atol=1e-9, rtol=0.0)
    torch.testing.assert_close(result.std(dim=1), torch.ones(2).double())
    torch.testing.assert_close(standardised(values[:1]), result[:1])
    assert not standardised(torch.full((1, STEPS), 0.0)).any()


def test_explained_variance() -> None:
    target = random(4, STEPS)
    value = target.clone()
    value[1] = 7.0
    value[2] = -target[2]
    target[3] = 2.0
    result = explained_variance(value, target)
    torch.testing.assert_close(result, torch.tensor([1.0, 0.0, -3.0, 0.0]).double())
