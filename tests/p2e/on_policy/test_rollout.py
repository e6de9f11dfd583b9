"""The steps between two updates."""

import copy

import pytest
import torch

from p2e.batch import Transition
from p2e.on_policy.rollout import Rollout

CPU = torch.device("cpu")


def transition(step: int, terminated: bool = False, first: bool = False) -> Transition:
    """Of two seeds; its numbers say which step it is."""
    observation = torch.full((2, 3), float(step))
    return Transition(
        observation,
        torch.ones(2, 1),
        torch.tensor([float(step), -float(step)]),
        observation + 0.5,
        torch.tensor([terminated, False]),
        torch.tensor([first, False]),
        torch.zeros(2, 0),
    )


def test_steps_come_back_in_order_with_the_actions_as_sampled() -> None:
    rollout = Rollout(2, 4, 3, 1, CPU)
    for step in range(4):
        assert not rollout.full
        rollout.add(transition(step), torch.full((2, 1), 10.0 + step))
    assert rollout.full
    steps = rollout.take()
    assert steps.reward.tolist() == [[0, 1, 2, 3], [0, -1, -2, -3]]
    assert steps.raw_action.squeeze(-1).tolist() == [[10, 11, 12, 13]] * 2
    assert steps.observation[0, :, 0].tolist() == [0, 1, 2, 3]
    assert steps.next_observation[0, :, 0].tolist() == [0.5, 1.5, 2.5, 3.5]
    assert not rollout.full


def test_an_episode_ends_where_the_next_step_is_a_first_one() -> None:
    rollout = Rollout(2, 5, 3, 1, CPU)
    firsts, terminations = (True, False, True, False, True), (False, True, False, False, False)
    for step in range(5):
        rollout.add(transition(step, terminations[step], firsts[step]), torch.zeros(2, 1))
    steps = rollout.take()
    assert steps.ended.tolist() == [[False, True, False, True, False], [False] * 5]
    assert steps.terminated.tolist() == [list(terminations), [False] * 5]


def test_one_step_too_many_is_an_error() -> None:
    rollout = Rollout(2, 1, 3, 1, CPU)
    rollout.add(transition(0), torch.zeros(2, 1))
    with pytest.raises(ValueError, match="holds 1 steps already"):
        rollout.add(transition(1), torch.zeros(2, 1))


def test_a_partly_filled_rollout_is_restored() -> None:
    whole, other = Rollout(2, 3, 3, 1, CPU), Rollout(2, 3, 3, 1, CPU)
    for step in range(2):
        whole.add(transition(step, first=step == 1), torch.full((2, 1), float(step)))
    other.load_state_dict(copy.deepcopy(whole.state_dict()))
    for each in (whole, other):
        each.add(transition(2), torch.ones(2, 1))
    for one, same in zip(whole.take(), other.take(), strict=True):
        assert torch.equal(one, same)
    with pytest.raises(ValueError, match="saved rollout"):
        Rollout(2, 4, 3, 1, CPU).load_state_dict(whole.state_dict())
