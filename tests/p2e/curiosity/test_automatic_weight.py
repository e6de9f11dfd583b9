"""The adapting weight: which way it moves, what its copy of the actor does, and saved states."""

import pytest
import torch

from p2e.agent.settings import SoftActorCriticConfig
from p2e.agent.soft_actor_critic import SoftActorCritic
from p2e.config import ConfigError
from p2e.curiosity.automatic_weight import AutomaticWeight
from p2e.curiosity.settings import ExplorationConfig
from p2e.exploration.settings import Config
from p2e.replay.buffers import buffer_of
from p2e.world.world_learner import LatentExplorationConfig
from tests.p2e.curiosity.test_bonuses import PROBLEM, near_and_far


def weight_of_an_agent() -> tuple[AutomaticWeight, SoftActorCritic]:
    agent = SoftActorCritic.of_problem(PROBLEM, 2, SoftActorCriticConfig(hidden=(8,)))
    return AutomaticWeight(agent), agent


def test_it_falls_where_the_policy_tells_more_than_its_copy_and_rises_where_less() -> None:
    weight, _ = weight_of_an_agent()
    assert weight.value.tolist() == [[1.0], [1.0]]
    more, less = torch.full((1, 4), 0.9), torch.full((1, 4), 0.3)
    for _ in range(10):
        weight.update(torch.cat([more, less]), torch.cat([less, more]))
    falling, rising = weight.value.flatten().tolist()
    assert falling == pytest.approx(1 - 10 * 3e-4, rel=1e-4)  # Adam's steps, at an even gradient
    assert rising == pytest.approx(1 + 10 * 3e-4, rel=1e-4)


def test_the_copy_follows_the_actor_slowly() -> None:
    weight, agent = weight_of_an_agent()
    before = agent.actor.network.weights.detach().clone()
    with torch.no_grad():
        agent.actor.network.weights.add_(1.0)
    weight.update(*torch.zeros(2, 2, 4))
    torch.testing.assert_close(weight.following.network.weights, before + 0.005)


def test_a_bonus_adapts_its_weight_and_pays_with_it() -> None:
    _, agent = weight_of_an_agent()
    config = ExplorationConfig(bonus="disagreement", weight=None)
    bonus, (near, far) = config.bonus_for(PROBLEM, agent), near_and_far()
    bonus.see(near)
    with torch.no_grad():
        agent.actor.network.weights.add_(0.5)  # otherwise actor and copy do the same
    replay = buffer_of(near)
    for _ in range(5):
        metrics = bonus.learn_from(replay)
    weight = bonus.weight
    assert isinstance(weight, torch.Tensor) and (weight != 1).all()
    assert torch.equal(metrics["bonus_weight"], weight.squeeze(1))
    torch.testing.assert_close(bonus.paid(far).reward, weight * bonus.reward(far))


def test_it_goes_on_where_it_was_saved() -> None:
    (one, _), (other, agent) = weight_of_an_agent(), weight_of_an_agent()
    with torch.no_grad():
        agent.actor.network.weights.add_(1.0)
    one.update(*torch.rand(2, 2, 4))
    other.load_state_dict(one.state_dict())
    assert torch.equal(one.value, other.value)
    following = one.following.network.weights, other.following.network.weights
    assert torch.equal(*following)


@pytest.mark.parametrize("bonus", ["rnd", "novelty", "none"])
def test_only_disagreement_adapts(bonus: str) -> None:
    expected = f"'exploration.weight' is None, expected a number with the bonus '{bonus}'"
    with pytest.raises(ConfigError, match=expected):
        ExplorationConfig(bonus=bonus, weight=None)


def test_plan2explore_s_weight_does_not() -> None:
    with pytest.raises(ConfigError, match="weight' is None, expected a number"):
        Config(exploration=LatentExplorationConfig(weight=None))
