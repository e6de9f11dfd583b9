"""The agent: its target by hand, separation of seeds, acting, and resuming after a kill."""

import copy
import io
import math
from typing import Any

import pytest
import torch
from torch import Tensor

from p2e.agent.settings import SoftActorCriticConfig
from p2e.agent.soft_actor_critic import SoftActorCritic
from p2e.batch import TransitionBatch
from p2e.config import ConfigError
from p2e.nn.generators import SeedGenerators
from p2e.nn.optimizer import LearningRateSchedule
from p2e.reward_free.adaptation import replaced

FEATURES, ACTIONS, ROWS = 4, 2, 16


def agent_of(seeds: tuple[int, ...], **settings: Any) -> SoftActorCritic:
    small: dict[str, Any] = {"hidden": (16, 16), "learning_rate": 1e-3}
    config = SoftActorCriticConfig(**(small | settings))
    weights, noise = SeedGenerators(seeds, "agent weights"), SeedGenerators(seeds, "agent noise")
    return SoftActorCritic(FEATURES, ACTIONS, config, weights, noise)


def random_batch(seeds: int, number: int) -> TransitionBatch:
    """Rows of which about a third ended in termination."""
    random = torch.Generator().manual_seed(number)
    observation, following = torch.randn(2, seeds, ROWS, FEATURES, generator=random)
    action = torch.rand(seeds, ROWS, ACTIONS, generator=random) * 2 - 1
    reward = torch.randn(seeds, ROWS, generator=random) * 3
    terminated = (torch.rand(seeds, ROWS, generator=random) < 0.33).float()
    return TransitionBatch(observation, action, reward, following, terminated)


def test_the_first_updates_metrics_are_those_of_the_plain_losses() -> None:
    agent = agent_of((0, 1), initial_alpha=0.5)
    before = copy.deepcopy(agent.critic)
    batch = random_batch(2, 0)
    goal = agent.bellman_target(batch, SeedGenerators((0, 1), "agent noise").normal(ROWS, ACTIONS))
    values = before(batch.observation, batch.action).detach()
    metrics = agent.update(batch)
    error = 0.5 * ((values - goal.unsqueeze(1)) ** 2).mean(dim=2).sum(dim=1)
    torch.testing.assert_close(metrics["critic_loss"], error)
    torch.testing.assert_close(metrics["q_value"], values.mean(dim=(1, 2)))
    torch.testing.assert_close(metrics["alpha"], torch.tensor([0.5, 0.5]))
    assert all(value.shape == (2,) and not value.requires_grad for value in metrics.values())


def test_alpha_stays_above_its_floor() -> None:
    lowest = []
    for floor in (0.0, 0.09):
        agent = agent_of((0, 1), initial_alpha=0.1, min_alpha=floor, learning_rate=0.01)
        for number in range(50):
            agent.update(random_batch(2, number))
        lowest.append(agent.temperature().min().item())
    assert lowest[0] < 0.085 and lowest[1] == pytest.approx(0.09)


def test_the_schedule_ends_learning_where_it_ends() -> None:
    weights, noise = SeedGenerators((0,), "agent weights"), SeedGenerators((0,), "agent noise")
    ending = LearningRateSchedule(total_updates=1, final_fraction=0.0)
    config = SoftActorCriticConfig(hidden=(16,))
    agent = SoftActorCritic(FEATURES, ACTIONS, config, weights, noise, ending)
    moved = []
    for number in range(2):
        before = [
            p.detach().clone() for p in (*agent.actor.parameters(), *agent.critic.parameters())
        ]
        agent.update(random_batch(1, number))
        after = (*agent.actor.parameters(), *agent.critic.parameters())
        moved.append(not all(map(torch.equal, before, after)))
    assert moved == [True, False]


def test_a_replaced_agent_learns_by_its_own_schedule_and_goes_on_by_the_old_one() -> None:
    weights, noise = SeedGenerators((0,), "fresh weights"), SeedGenerators((0,), "fresh noise")
    ending = LearningRateSchedule(total_updates=1, final_fraction=0.0)
    agent = agent_of((0,))
    fresh = SoftActorCritic(FEATURES, ACTIONS, agent.config, weights, noise, ending)

    def moved_by_an_update() -> bool:
        before = agent.actor.network.weights.detach().clone()
        agent.update(random_batch(1, agent.updates))
        return not torch.equal(before, agent.actor.network.weights)

    assert moved_by_an_update()
    with replaced(agent, fresh):
        assert torch.equal(agent.actor.network.weights, fresh.actor.network.weights)
        assert [moved_by_an_update() for _ in range(2)] == [True, False]
    assert moved_by_an_update() and agent.updates == 4


def test_a_state_is_worth_what_the_more_sceptical_critic_says() -> None:
    agent = agent_of((0, 1))
    features = torch.randn(2, ROWS, FEATURES)
    values = agent.critic(features, agent.actor.mode(features))
    torch.testing.assert_close(agent.value(features), values.min(dim=1).values)
    assert (values[:, 0] != values[:, 1]).any()


def constant_agent() -> SoftActorCritic:
    """Policy: mean 0, standard deviation 1. Target critics: 3 and 5 everywhere. alpha: 0.5."""
    agent = agent_of((0,), discount=0.9, initial_alpha=0.5)
    for network, outputs in (
        (agent.actor.network, [0.0] * 2 * ACTIONS),
        (agent.target_critic.network, [3.0, 5.0]),
        (agent.critic.network, [1000.0, 1000.0]),  # must not enter the target
    ):
        last = network.layers[-1]
        last.weight.data.zero_()
        last.bias.data.copy_(torch.tensor(outputs).view(last.bias.shape))
    return agent


def test_bellman_target_by_hand() -> None:
    features, action = torch.zeros(1, 3, FEATURES), torch.zeros(1, 3, ACTIONS)
    rewards = torch.tensor([[1.0, 1.0, -2.0]])
    # The first row continues or was truncated: it bootstraps. The second terminated: it does not.
    # The third is imagined, with a termination probability of one quarter.
    terminated = torch.tensor([[0.0, 1.0, 0.25]])
    batch = TransitionBatch(features, action, rewards, features, terminated)
    target = constant_agent().bellman_target(batch, torch.zeros(1, 3, ACTIONS))
    # At noise 0 and mean 0 the log-probability is -log(2 pi)/2 a dimension, the Jacobian is 1.
    soft_value = 3.0 + 0.5 * ACTIONS * 0.5 * math.log(2 * math.pi)
    expected = [1 + 0.9 * soft_value, 1.0, -2 + 0.9 * 0.75 * soft_value]
    assert target[0].tolist() == pytest.approx(expected, rel=1e-6)
    assert not target.requires_grad


def test_alpha_rises_when_the_policy_is_too_certain_and_falls_when_it_is_not() -> None:
    # Entropy of the squashed standard Gaussian in two dimensions: somewhere in (-1, 2 log 2].
    for target_entropy, rises in ((5.0, True), (-5.0, False)):
        agent = agent_of((0, 1), target_entropy=target_entropy, initial_alpha=0.5)
        agent.update(random_batch(2, 0))
        alpha = agent.temperature().detach()
        assert bool((alpha > 0.5).all()) is rises and bool((alpha != 0.5).all())


def test_the_default_target_entropy_is_minus_the_number_of_actions() -> None:
    assert agent_of((0,)).target_entropy == -2.0
    assert agent_of((0,), target_entropy=-0.05).target_entropy == -0.05


def seed_weights(agent: SoftActorCritic, seed: int) -> list[Tensor]:
    modules = (agent.actor, agent.critic, agent.target_critic, agent.temperature)
    return [p.detach()[seed].clone() for module in modules for p in module.parameters()]


def test_another_batch_for_seed_0_leaves_seeds_1_and_2_bit_identical() -> None:
    one, other = (agent_of((0, 1, 2)) for _ in range(2))
    for update in range(5):
        batch = random_batch(3, update)
        changed = TransitionBatch(*(field.clone() for field in batch))
        changed.reward[0] *= 1e6
        changed.observation[0] -= 3
        one.update(batch)
        metrics = other.update(changed)
    assert all(bool(value.isfinite().all()) for value in metrics.values())
    for seed in (1, 2):
        pairs = zip(seed_weights(one, seed), seed_weights(other, seed), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs)
    pairs = zip(seed_weights(one, 0), seed_weights(other, 0), strict=True)
    assert not any(torch.equal(a, b) for a, b in pairs)


def test_a_seed_learns_the_same_alone_and_in_a_group() -> None:
    group, alone = agent_of((4, 5, 6)), agent_of((5,))
    for update in range(4):
        batch = random_batch(3, update)
        group.update(batch)
        alone.update(TransitionBatch(*(field[1:2] for field in batch)))
    for many, one in zip(seed_weights(group, 1), seed_weights(alone, 0), strict=True):
        torch.testing.assert_close(many, one, rtol=1e-4, atol=1e-5)


def test_acting_draws_noise_only_when_it_is_asked_to() -> None:
    agent = agent_of((0, 1))
    features = torch.randn(2, 3, FEATURES, generator=torch.Generator().manual_seed(0))
    assert torch.equal(agent.act(features, True), agent.act(features, True))
    assert torch.equal(agent.act(features, True), agent.actor.mode(features))
    expected = agent.actor.sample(
        features, SeedGenerators((0, 1), "agent noise").normal(3, ACTIONS)
    )
    assert torch.equal(agent.act(features, False), expected[0])
    assert not torch.equal(agent.act(features, False), agent.act(features, False))
    assert not agent.act(features, False).requires_grad


def test_features_get_no_gradient_from_the_agent() -> None:
    batch = random_batch(2, 0)
    for field in (batch.observation, batch.next_observation):
        field.requires_grad_()
    agent_of((0, 1)).update(batch)
    assert batch.observation.grad is None and batch.next_observation.grad is None


def test_a_restored_agent_goes_on_bit_for_bit() -> None:
    agent, restored = agent_of((0, 1)), agent_of((7, 8))
    for update in range(3):
        agent.update(random_batch(2, update))
    file = io.BytesIO()
    torch.save(agent.state_dict(), file)
    file.seek(0)
    restored.load_state_dict(torch.load(file, weights_only=True))
    for update in range(3, 6):
        agent.update(random_batch(2, update))
        restored.update(random_batch(2, update))
    assert restored.updates == agent.updates == 6
    for seed in (0, 1):
        pairs = zip(seed_weights(agent, seed), seed_weights(restored, seed), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("learning_rate", 0.0),
        ("learning_rate", math.nan),
        ("batch_size", 0),
        ("initial_alpha", -1.0),
        ("min_alpha", 1.5),
        ("discount", 0.0),
        ("discount", 1.5),
        ("discount", math.nan),
        ("target_rate", 0.0),
        ("target_rate", 1.01),
        ("hidden", (256, 0)),
    ],
)
def test_settings_without_meaning_are_refused_by_name(key: str, value: object) -> None:
    with pytest.raises(ConfigError, match=key):
        SoftActorCriticConfig(**{key: value})  # type: ignore[arg-type]
