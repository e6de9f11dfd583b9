"""How many trajectories follow the explorer, the task policy and random actions."""

import pytest

from p2e.exploration.latent_imagination import Trajectories, imagined_groups
from p2e.exploration.settings import MODES


def groups(mode: str, exploring: bool = True) -> list[Trajectories]:
    return imagined_groups(128, 0.25, MODES[mode], exploring)


def test_in_joint_both_policies_share_what_is_not_random() -> None:
    assert groups("joint") == [Trajectories(undirected=32, curious=48, tasked=48)]


@pytest.mark.parametrize("mode", ["zero-shot", "few-shot"])
def test_a_blind_explorer_has_random_actions_in_place_of_the_task_policys(mode: str) -> None:
    assert groups(mode) == [Trajectories(undirected=80, curious=48), Trajectories(tasked=48)]
    assert groups(mode)[:1] == groups("explore")


@pytest.mark.parametrize("mode", ["zero-shot", "few-shot"])
def test_when_the_exploration_is_over_the_task_policy_has_what_is_not_random(mode: str) -> None:
    assert groups(mode, exploring=False) == [Trajectories(undirected=32, tasked=96)]
