"""A policy on the world model's features: it acts on its memory of the episode."""

import pytest
import torch

from p2e.agent.settings import SoftActorCriticConfig
from p2e.agent.soft_actor_critic import SoftActorCritic
from p2e.algorithm import load_state_of, state_of
from p2e.exploration.policies import LatentPolicy
from p2e.nn.generators import SeedGenerators
from p2e.world.feature_extractor import FeatureExtractor
from p2e.world.world_model import WorldModel
from tests.conftest import MakeChain
from tests.p2e.algorithms.test_plan2explore import make_loop, plan2explore, run

SEEDS, OBSERVATION, ACTION, LATENT, MEMORY = 2, 3, 1, 8, 4


def draws(name: str) -> SeedGenerators:
    return SeedGenerators(range(SEEDS), name)


@pytest.fixture
def model() -> WorldModel:
    return WorldModel(OBSERVATION, ACTION, LATENT, MEMORY, (16,), draws("weights"))


@pytest.fixture
def agent() -> SoftActorCritic:
    config = SoftActorCriticConfig(hidden=(16,))
    streams = draws("agent weights"), draws("agent noise")
    return SoftActorCritic(LATENT + MEMORY, ACTION, config, *streams)


def test_it_acts_on_the_latent_and_on_its_memory(model: WorldModel, agent: SoftActorCritic) -> None:
    policy = LatentPolicy(agent, FeatureExtractor(model))
    observation, memory = draws("rows").normal(5, OBSERVATION), draws("memory").normal(5, MEMORY)
    with torch.no_grad():
        features = torch.cat([model.encode(observation), memory], dim=-1)
    action = policy.act(observation, memory, deterministic=True)
    assert torch.equal(action, agent.act(features, deterministic=True))
    forgetful = policy.act(observation, torch.zeros_like(memory), deterministic=True)
    assert (action != forgetful).all()


def test_it_remembers_the_observation_the_action_and_what_it_remembered_before(
    model: WorldModel, agent: SoftActorCritic
) -> None:
    policy = LatentPolicy(agent, FeatureExtractor(model))
    observation, memory = draws("rows").normal(5, OBSERVATION), draws("memory").normal(5, MEMORY)
    action = policy.act(observation, memory, deterministic=True)
    remembered = policy.remember(observation, action, memory)
    with torch.no_grad():
        expected = model.remember(model.encode(observation), action, memory)
    assert torch.equal(remembered, expected) and not remembered.requires_grad
    for others in (
        (observation + 1, action, memory),
        (observation, action + 1, memory),
        (observation, action, memory + 1),
    ):
        assert not torch.equal(policy.remember(*others), remembered)


def test_a_checkpoint_holds_all_that_the_task_policy_acts_and_remembers_by(
    chain: MakeChain,
) -> None:
    trained, restored = plan2explore(run(make_loop(chain))), plan2explore(make_loop(chain))
    memory = draws("memory").normal(3, trained.task_policy.memory_size)
    observation, action = draws("rows").normal(3, 2), draws("actions").uniform(-1.0, 1.0, 3, 1)

    def same() -> list[bool]:
        one, other = trained.task_policy, restored.task_policy
        acted = (policy.act(observation, memory, deterministic=True) for policy in (one, other))
        kept = (policy.remember(observation, action, memory) for policy in (one, other))
        return [torch.equal(*acted), torch.equal(*kept)]

    assert same() == [False, False]
    load_state_of(restored.policy_components(), state_of(trained.policy_components()))
    assert same() == [True, True]
