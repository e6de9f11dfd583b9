"""Intrinsic returns: bonuses of a rollout, across episodes, beside the task's, and saved."""

import pytest
import torch

from p2e.batch import Transition, TransitionBatch
from p2e.curiosity.settings import ExplorationConfig
from p2e.metrics import Metrics
from p2e.nn.generators import SeedGenerators
from p2e.on_policy.intrinsic_returns import IntrinsicReturns, steps_as_rows
from p2e.on_policy.rollout import Rollout, Steps
from p2e.on_policy.value_function import ValueFunction
from tests.p2e.algorithms.test_trpo import filled
from tests.p2e.curiosity.test_bonuses import PROBLEM

STEPS = 12


def returns_of_rnd() -> IntrinsicReturns:
    streams = (SeedGenerators(PROBLEM.seeds, name) for name in ("value", "order"))
    return IntrinsicReturns(
        ExplorationConfig(bonus="rnd").bonus_for(PROBLEM),
        ValueFunction(2, (8,), 1e-2, *streams),
        discount=0.9,
        decay=0.8,
    )


def rollout_of(episode: int, terminated: bool) -> Steps:
    """Random steps whose episodes end after so many of them."""
    rollout, draws = Rollout(2, STEPS, 2, 1, torch.device("cpu")), torch.Generator().manual_seed(0)
    for step in range(STEPS):
        observation, reached = torch.randn(2, 2, 2, generator=draws).unbind(0)
        action, nothing = torch.zeros(2, 1), torch.zeros(2)
        last = torch.full((2,), terminated and step % episode == episode - 1)
        first = torch.full((2,), step % episode == 0)
        transition = Transition(
            observation, action, nothing, reached, last, first, torch.zeros(2, 0)
        )
        rollout.add(transition, action)
    return rollout.take()


def advantages(returns: IntrinsicReturns, steps: Steps) -> tuple[torch.Tensor, torch.Tensor]:
    return returns.advantages(steps_as_rows(steps), steps.observation)


def fit(returns: IntrinsicReturns, steps: Steps, target: torch.Tensor, epochs: int = 1) -> Metrics:
    return returns.fit(steps_as_rows(steps), steps.observation, target, epochs, size=4)


def test_the_return_goes_on_across_episodes() -> None:
    found = []
    for episode, terminated in ((STEPS, False), (3, True)):
        returns = returns_of_rnd()
        steps = rollout_of(episode, terminated)
        assert steps.terminated.any() == terminated
        fit(returns, steps, steps.reward)
        found.append(advantages(returns, steps)[0])
    torch.testing.assert_close(*found)


def test_advantages_by_hand() -> None:
    returns = returns_of_rnd()
    steps = rollout_of(4, True)
    fit(returns, steps, steps.reward)
    found, target = advantages(returns, steps)
    value = returns.value(steps.observation)
    rows = steps.observation, steps.raw_action, steps.reward, steps.next_observation, steps.reward
    reward = returns.bonus.reward(TransitionBatch(*rows))
    expected, following = torch.zeros(2), torch.cat([value[:, 1:], value[:, -1:]], dim=1)
    for step in reversed(range(STEPS)):
        delta = reward[:, step] + 0.9 * following[:, step] - value[:, step]
        expected = delta + 0.9 * 0.8 * expected
        torch.testing.assert_close(found[:, step], expected)
    torch.testing.assert_close(target, found + value)


def test_the_first_rollout_pays_no_bonus_and_the_second_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("p2e.curiosity.step_units.UNKNOWN", 1e-3)  # every step is new enough
    returns = returns_of_rnd()
    steps = rollout_of(4, False)
    unpaid = advantages(returns, steps)[1]
    returns.bonus.updates.value = 1  # the same again, as if something had been learned
    paid = advantages(returns, steps)[1]
    assert (paid > unpaid).all()


def test_the_bonus_learns_from_the_rollout_as_many_epochs_as_the_value_function() -> None:
    returns = returns_of_rnd()
    steps = rollout_of(4, False)
    metrics = fit(returns, steps, torch.ones(2, STEPS), epochs=50)
    assert returns.bonus.updates.value == 50 * STEPS // 256
    assert metrics.keys() >= {"intrinsic_value_loss", "bonus_loss", "bonus"}
    assert (returns.value(steps.observation) - 1).abs().mean() < 0.5


@pytest.mark.parametrize(("weight", "same"), [(0.0, True), (1.0, False)])
def test_the_weighted_advantages_are_added_to_those_of_the_task(weight: float, same: bool) -> None:
    plain = filled()
    curious = filled(exploration={"bonus": "rnd", "weight": weight})
    assert curious.curiosity is not None
    curious.curiosity.bonus.updates.value = 1
    for algorithm in (plain, curious):
        algorithm.update_agent()
    vectors = plain.policy.vector(), curious.policy.vector()
    assert torch.equal(*vectors) == same
