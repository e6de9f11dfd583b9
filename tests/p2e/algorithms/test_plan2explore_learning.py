"""The inputs of Plan2Explore's parts: units, weights, multi-step returns."""

from operator import attrgetter

import pytest
import torch
from torch import Tensor

from p2e.algorithms.plan2explore.joint import Plan2Explore
from p2e.algorithms.plan2explore.reward_free import RewardFree
from p2e.exploration.latent_imagination import Trajectories
from p2e.reward_free.adaptation import MULTI_STEP
from p2e.world.world_learner import LatentExplorationConfig
from tests.conftest import MakeChain
from tests.p2e.algorithms.test_plan2explore import advance, make_loop, plan2explore, run, zero_shot


@pytest.fixture
def trained(chain: MakeChain) -> Plan2Explore:
    exploration = LatentExplorationConfig(weight=0.5)
    return plan2explore(run(make_loop(chain, exploration=exploration, multi_step=2)))


def test_observations_are_normalised_by_those_of_the_run(trained: Plan2Explore) -> None:
    observed = trained.sac_buffer.in_order("observation")
    normalised = trained.world.model.normalizer(observed)
    torch.testing.assert_close(normalised.mean(dim=1), torch.zeros(2, 2), atol=1e-4, rtol=0)
    assert (normalised.std(dim=1) - 1).abs().max() < 0.1


def test_the_explorer_is_paid_the_weighted_sum(trained: Plan2Explore) -> None:
    fields = trained.imagination_buffer.everything()
    fields["reward"] = 50 * fields["reward"]
    trained.task_scale.update(torch.full((2, 100), -8.0).abs())
    task = trained.task_scale(fields["reward"]).squeeze(-1)
    expected = task + 0.5 * fields["curiosity"].squeeze(-1)
    torch.testing.assert_close(trained._for_explorer(fields).reward, expected)
    assert not torch.equal(task, fields["reward"].squeeze(-1))


def test_running_scales_follow_the_run(chain: MakeChain) -> None:
    before, after = plan2explore(make_loop(chain)), plan2explore(run(make_loop(chain)))
    for part in map(attrgetter, ("task_scale", "curiosity.scale")):
        old, new = (part(each).state_dict() for each in (before, after))
        assert any(not torch.equal(old[name], new[name]) for name in old)


def test_costs_are_in_units_of_their_size(chain: MakeChain) -> None:
    algorithm = plan2explore(advance(make_loop(chain), steps=6))
    costs = torch.full((2, 6, 1), -8.0)
    algorithm.sac_buffer.write("reward", torch.arange(6).expand(2, -1), costs)
    algorithm.learn_world()
    torch.testing.assert_close(algorithm.task_scale(costs), torch.full_like(costs, -1.0))


def test_imagined_rows_reach_over_several_steps_but_for_random_actions(
    trained: Plan2Explore,
) -> None:
    trained.imagination.trajectories = Trajectories(random=1, explorer=1, task=1)
    shape = (2, 2, 3)  # seeds, steps, trajectories
    steps = {name: torch.rand(*shape, 2) for name in ("observation", "next_observation")}
    steps |= {"action": torch.rand(*shape, 1), "terminated": torch.zeros(*shape, 1)}
    steps |= {"reward": torch.rand(*shape, 1), "disagreement": 50 + torch.rand(*shape, 1)}
    reached = trained.world.model.normalizer.mean.unsqueeze(1).expand(2, 2, 3, -1)
    rows = trained.imagination.as_rows(steps | {"reached": reached})
    paid = {"reward": steps["reward"], "curiosity": trained.curiosity.reward(steps["disagreement"])}
    for name, single in paid.items():
        first, last = single.unbind(dim=1)
        expected = torch.cat([first[:, :1], (first + 0.99 * last)[:, 1:], last], dim=1)
        torch.testing.assert_close(rows[name], expected)
        assert last.abs().min() > 0


def test_imagined_actions_are_random_or_drawn_from_the_policies(trained: Plan2Explore) -> None:
    trained.imagination.trajectories = Trajectories(random=2, explorer=2, task=2)
    features = torch.zeros(2, 6, trained.world.features.size)
    first, again = (trained.imagination._act(features) for _ in range(2))
    assert (first != again).all() and first.abs().max() <= 1


def test_an_adapting_policy_has_returns_of_its_own_and_learns_the_reward(chain: MakeChain) -> None:
    adapted, without = (
        zero_shot(run(make_loop(chain, mode="zero-shot", adaptation_updates=updates)))
        for updates in (3, 0)
    )
    adaptation = adapted.adaptation
    assert adaptation.imagination._config.multi_step == MULTI_STEP
    assert adaptation.replayed_actions._steps == MULTI_STEP != adapted.config.multi_step

    def reward_updates(algorithm: RewardFree) -> Tensor:
        step: Tensor = algorithm.world.reward.optimizer.state_dict()["step"]
        return step

    assert reward_updates(adapted) == reward_updates(without) + 3
    # Only the task policy imagines.
    assert adaptation.imagination.trajectories.explorer == 0
    assert adaptation.imagination_buffer.size > 0
