"""The agent against a plain PyTorch Soft Actor-Critic written from the paper."""

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Normal, TanhTransform

from p2e.agent.settings import SoftActorCriticConfig
from p2e.agent.soft_actor_critic import SoftActorCritic
from p2e.batch import TransitionBatch
from p2e.nn.batched_mlp import BatchedMLP
from p2e.nn.compilation import compile_networks
from p2e.nn.generators import SeedGenerators
from p2e.nn.optimizer import SeedOptimizer
from tests.conftest import needs_a_compiler
from tests.helpers.plain_network import plain_network

FEATURES, ACTIONS, ROWS = 4, 2, 16


def random_batch(number: int, dtype: torch.dtype) -> TransitionBatch:
    """Rows for two seeds, of which about a third ended in termination."""
    random = torch.Generator().manual_seed(number)
    observation, following = torch.randn(2, 2, ROWS, FEATURES, generator=random).to(dtype)
    action = torch.rand(2, ROWS, ACTIONS, generator=random).to(dtype) * 2 - 1
    reward = torch.randn(2, ROWS, generator=random).to(dtype) * 3
    terminated = (torch.rand(2, ROWS, generator=random) < 0.33).to(dtype)
    return TransitionBatch(observation, action, reward, following, terminated)


class PlainSAC:
    """Soft Actor-Critic for one seed, written directly from the paper.

    Haarnoja et al. 2018 (arXiv:1812.05905). It shares only initial weights and noise with the agent
    under test.
    """

    def __init__(self, agent: SoftActorCritic, seed: int, dtype: torch.dtype) -> None:
        self.config, self.seed, self.dtype = agent.config, seed, dtype
        self.actor = plain_network(agent.actor.network, (seed,))
        self.critics = [plain_network(agent.critic.network, (seed, twin)) for twin in (0, 1)]
        self.targets = copy.deepcopy(self.critics)
        self.log_alpha = agent.temperature.log_alpha.data[seed, 0].clone().requires_grad_()
        self.target_entropy = -float(ACTIONS)
        rate = self.config.learning_rate
        self.actor_adam = torch.optim.Adam(self.actor.parameters(), lr=rate)
        weights = [p for critic in self.critics for p in critic.parameters()]
        self.critic_adam = torch.optim.Adam(weights, lr=rate)
        self.alpha_adam = torch.optim.Adam([self.log_alpha], lr=rate)

    def sample(self, observation: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_std = self.actor(observation).chunk(2, dim=-1)
        normal = Normal(mean, log_std.clamp(-20, 2).exp())
        raw = mean + normal.scale * noise
        action = torch.tanh(raw)
        # Equation 26 of the paper.
        log_probability = normal.log_prob(raw) - TanhTransform().log_abs_det_jacobian(raw, action)
        return action, log_probability.sum(-1)

    def update(self, batch: TransitionBatch, noises: tuple[Tensor, Tensor]) -> None:
        row = TransitionBatch(*(field[self.seed] for field in batch))
        alpha = self.log_alpha.exp().detach()
        with torch.no_grad():
            action, log_probability = self.sample(row.next_observation, noises[0][self.seed])
            pair = torch.cat([row.next_observation, action], -1)
            first, second = (target(pair).squeeze(-1) for target in self.targets)
            value = torch.min(first, second) - alpha * log_probability
            bootstrap = torch.where(row.terminated == 1, torch.zeros_like(value), value)
            goal = row.reward + self.config.discount * bootstrap
        pair = torch.cat([row.observation, row.action], -1)
        loss = sum(0.5 * nn.functional.mse_loss(q(pair).squeeze(-1), goal) for q in self.critics)
        assert isinstance(loss, Tensor)
        descend(self.critic_adam, loss)

        action, log_probability = self.sample(row.observation, noises[1][self.seed])
        pair = torch.cat([row.observation, action], -1)
        first, second = (critic(pair).squeeze(-1) for critic in self.critics)
        descend(self.actor_adam, (alpha * log_probability - torch.min(first, second)).mean())

        surplus = (log_probability.detach() + self.target_entropy).mean()
        descend(self.alpha_adam, -self.log_alpha * surplus)
        rate = self.config.target_rate
        for target, critic in zip(self.targets, self.critics, strict=True):
            for slow, fast in zip(target.parameters(), critic.parameters(), strict=True):
                slow.data = (1 - rate) * slow.data + rate * fast.data


def descend(adam: torch.optim.Adam, loss: Tensor) -> None:
    adam.zero_grad()
    loss.backward()
    adam.step()


def assert_same_network(
    stacked: BatchedMLP, index: tuple[int, ...], plain: nn.Module, tolerance: float
) -> None:
    expected = list(plain.parameters())
    for layer, (weight, bias) in zip(
        stacked.layers, zip(expected[::2], expected[1::2], strict=True), strict=True
    ):
        for a, b in (
            (layer.weight.data[index], weight.data.T),
            (layer.bias.data[index][0], bias.data),
        ):
            torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)


def in_double_precision(agent: SoftActorCritic) -> None:
    for module in (agent.actor, agent.critic, agent.target_critic, agent.temperature):
        module.double()
    rate = agent.config.learning_rate
    agent.actor_optimizer = SeedOptimizer(agent.actor.parameters(), rate)
    agent.critic_optimizer = SeedOptimizer(agent.critic.parameters(), rate)
    agent.temperature_optimizer = SeedOptimizer(agent.temperature.parameters(), rate)


@pytest.mark.parametrize("draw", range(20))
@pytest.mark.parametrize(
    ("dtype", "tolerance", "compiled"),
    [
        (torch.float64, 1e-7, False),
        (torch.float32, 5e-4, False),
        pytest.param(torch.float32, 5e-4, True, marks=needs_a_compiler),
    ],
)
def test_six_updates_equal_the_plain_implementation(
    dtype: torch.dtype, tolerance: float, compiled: bool, draw: int
) -> None:
    """The agent's hand-written gradients equal autograd's, also in C++."""
    compile_networks(compiled)
    seeds = (10 * draw, 10 * draw + 1)
    config = SoftActorCriticConfig(
        hidden=(16, 16),
        learning_rate=1e-3,
        discount=0.9,
        target_rate=0.05,
        initial_alpha=0.3,
    )
    agent = SoftActorCritic(
        FEATURES,
        ACTIONS,
        config,
        SeedGenerators(seeds, "agent weights"),
        SeedGenerators(seeds, "agent noise"),
    )
    if draw % 4 >= 2:  # extreme inputs: saturated actions, and log deviations beyond their bounds
        agent.actor.network.layers[-1].weight.data.mul_(30.0)
    if dtype == torch.float64:
        in_double_precision(agent)
    plain = [PlainSAC(agent, seed, dtype) for seed in range(2)]
    noise = SeedGenerators(seeds, "agent noise")
    for update in range(6):
        batch = random_batch(100 * draw + update, dtype)
        agent.update(batch)
        noises = (noise.normal(ROWS, ACTIONS).to(dtype), noise.normal(ROWS, ACTIONS).to(dtype))
        for reference in plain:
            reference.update(batch, noises)
    for seed, reference in enumerate(plain):
        assert_same_network(agent.actor.network, (seed,), reference.actor, tolerance)
        for twin in (0, 1):
            critic, target = agent.critic.network, agent.target_critic.network
            assert_same_network(critic, (seed, twin), reference.critics[twin], tolerance)
            assert_same_network(target, (seed, twin), reference.targets[twin], tolerance)
        log_alpha = agent.temperature.log_alpha.data[seed, 0]
        torch.testing.assert_close(log_alpha, reference.log_alpha.data, rtol=tolerance, atol=1e-7)
    assert agent.updates == 6
