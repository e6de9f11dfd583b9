"""The Gaussian policy against torch.distributions, and its parameter vector."""

import math

import torch
from torch.distributions import Distribution, Independent, Normal, kl_divergence

from p2e.nn.generators import SeedGenerators
from p2e.on_policy.gaussian_policy import Gaussian, GaussianPolicy
from tests.p2e.on_policy.tiny import ACTIONS, OBSERVATIONS, ROWS, SEEDS, random, tiny_policy


def gaussian(seed: int) -> tuple[Gaussian, Distribution]:
    ours = Gaussian(random(2, ROWS, ACTIONS, seed=seed), random(2, 1, ACTIONS, seed=seed + 1))
    normal = Normal(ours.mean, ours.log_std.exp().expand_as(ours.mean))
    return ours, Independent(normal, 1)


def test_the_formulas_are_those_of_torch_distributions() -> None:
    (one, torch_one), (other, torch_other) = gaussian(0), gaussian(10)
    action = 3 * random(2, ROWS, ACTIONS, seed=5)
    expected = torch_one.log_prob(action)
    torch.testing.assert_close(one.log_probability(action), expected)
    torch.testing.assert_close(
        one.divergence(other), kl_divergence(torch_one, torch_other).mean(dim=1)
    )
    torch.testing.assert_close(one.entropy(), torch_one.entropy().mean(dim=1))
    assert not torch.allclose(one.divergence(other), other.divergence(one))


def test_the_vector_holds_all_that_is_learned() -> None:
    policy = tiny_policy()
    vector, observation = policy.vector(), random(len(SEEDS), ROWS, OBSERVATIONS)
    assert vector.shape[1] == sum(parameter[0].numel() for parameter in policy.parameters())
    before = policy(observation)
    policy.load_vector(vector + 0.1)
    after = policy(observation)
    assert not torch.allclose(after.mean, before.mean)
    torch.testing.assert_close(after.log_std, vector[:, -ACTIONS:].unsqueeze(1) + 0.1)
    policy.load_vector(vector)
    assert torch.equal(policy(observation).mean, before.mean)


def test_it_starts_near_zero_with_deviation_one_and_orthogonal_weights() -> None:
    policy = GaussianPolicy(5, 3, (8, 8), SeedGenerators(SEEDS, "weights"))
    assert torch.equal(policy.log_std, torch.zeros(2, 1, 3))
    gains = (math.sqrt(2), math.sqrt(2), 0.01)
    for layer, gain in zip(policy.network.layers, gains, strict=True):
        weight = layer.weight.detach()
        short = weight if weight.shape[1] < weight.shape[2] else weight.mT
        squares = short @ short.mT
        expected = gain**2 * torch.eye(short.shape[1]).expand_as(squares)
        torch.testing.assert_close(squares, expected, atol=1e-6, rtol=1e-5)
        assert not layer.bias.any()
        assert not torch.equal(weight[0], weight[1])


def test_a_seed_starts_alike_alone_and_in_a_group() -> None:
    group, alone = (GaussianPolicy(5, 3, (8,), SeedGenerators(s, "w")) for s in (SEEDS, SEEDS[1:]))
    assert torch.equal(group.vector()[1:], alone.vector())
