"""The probabilistic dynamics: likelihood, variance bounds, scales, and sampling from the elites."""

from collections.abc import Callable

import pytest
import torch

from p2e.config import ConfigError
from p2e.dynamics.probabilistic_ensemble import Dynamics, DynamicsConfig, gaussian_nll
from p2e.nn.generators import SeedGenerators
from p2e.nn.normalizers import RowScale

Make = Callable[..., SeedGenerators]


def constant_members(generators: SeedGenerators, log_variance: float) -> Dynamics:
    """Member m predicts m for every target of every row."""
    config = DynamicsConfig(hidden=(4,))
    dynamics = Dynamics(2, 1, config, generators)
    with torch.no_grad():
        weight, bias = dynamics.network.layers[-1]
        weight.zero_()
        numbers = torch.arange(config.members, dtype=torch.float32).view(1, -1, 1, 1)
        bias[..., :3], bias[..., 3:] = numbers, log_variance
        dynamics.min_log_variance.fill_(-30.0)
        dynamics.max_log_variance.fill_(10.0)
    return dynamics


def test_nll_is_that_of_a_normal_distribution() -> None:
    mean, log_variance, target = torch.randn(3, 2, 5, 4).unbind(0)
    normal = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    torch.testing.assert_close(
        gaussian_nll(mean, log_variance, target), -normal.log_prob(target), rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("extreme", [-1e4, 1e4])
def test_log_variances_stay_within_the_learned_bounds(generators: Make, extreme: float) -> None:
    dynamics = constant_members(generators(0, 1), extreme)
    with torch.no_grad():
        dynamics.min_log_variance.fill_(-3.0)
        dynamics.max_log_variance[:, 2].fill_(1.5)
    _, log_variance = dynamics(torch.randn(2, 7, 6, 3))
    expected = dynamics.min_log_variance if extreme < 0 else dynamics.max_log_variance
    torch.testing.assert_close(log_variance, expected.expand_as(log_variance), rtol=0, atol=0.02)


def test_penalty_pulls_the_bounds_together(generators: Make) -> None:
    dynamics = Dynamics(2, 1, DynamicsConfig(hidden=(4,), members=3, elites=2), generators(0, 1))
    assert dynamics.bound_penalty().tolist() == pytest.approx([10.5 * 3 * 3] * 2)


def test_each_row_is_sampled_from_a_random_elite(generators: Make) -> None:
    dynamics = constant_members(generators(0, 1), -30.0)
    dynamics.elites.copy_(torch.tensor([[6, 2, 0, 4, 1], [5, 3, 1, 0, 2]]))
    noise = generators(0, 1, stream="noise")
    zeros, actions = torch.zeros(2, 1003, 2), torch.zeros(2, 1003, 1)
    first, reward = dynamics.sample(zeros, actions, noise)
    members = reward.round()
    torch.testing.assert_close(reward, members, rtol=0, atol=1e-4)
    torch.testing.assert_close(first, members.unsqueeze(-1).expand_as(first), rtol=0, atol=1e-4)
    for seed, elites in enumerate(dynamics.elites):
        used, counts = members[seed].unique(return_counts=True)
        assert used.tolist() == sorted(elites.tolist())
        assert counts.min() >= 1003 // 5 - 2
    again = dynamics.sample(zeros, actions, noise)[1].round()
    assert 0.7 < (again != members).float().mean() < 0.9  # drawn at each step: 4 of 5 differ
    assert (members[0, 1:] != members[0, :-1]).float().mean() > 0.6  # no runs of one elite


def test_samples_spread_as_the_predicted_variance_says(generators: Make) -> None:
    dynamics = constant_members(generators(0), 2 * torch.tensor(0.25).log().item())
    dynamics.elites.fill_(3)
    with torch.no_grad():
        dynamics.target_scale.scale.fill_(2.0)
    _, reward = dynamics.sample(torch.zeros(1, 20000, 2), torch.zeros(1, 20000, 1), generators(0))
    assert reward.mean().item() == pytest.approx(2 * 3, abs=0.02)
    assert reward.std().item() == pytest.approx(2 * 0.25, rel=0.03)


@pytest.mark.parametrize("rows", [1, 3, 5, 13])
def test_sampled_rows_come_back_in_their_place(generators: Make, rows: int) -> None:
    dynamics = Dynamics(1, 1, DynamicsConfig(hidden=()), generators(0, 1))
    with torch.no_grad():  # change = 10 * observation, reward = action, hardly any variance
        weight, bias = dynamics.network.layers[-1]
        weight.zero_()
        weight[..., 0, 0], weight[..., 1, 1] = 10.0, 1.0
        bias[..., :2], bias[..., 2:] = 0.0, -60.0
        dynamics.min_log_variance.fill_(-40.0)
    observation, action = torch.randn(2, 2, rows, 1).unbind(0)
    reached, reward = dynamics.sample(observation, action, generators(0, 1))
    torch.testing.assert_close(reached, 11 * observation, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(reward, action.squeeze(-1), rtol=1e-5, atol=1e-5)


def test_scales_of_rare_and_of_constant_features() -> None:
    rows = torch.zeros(1, 1000, 3)
    rows[0, 7, 0] = 1.0  # one success in a thousand
    rows[..., 1] = 5.0
    rows[..., 2] = torch.randn(1000) * 1e-3
    scale = RowScale(1, 3, torch.device("cpu"))
    scale.fit(rows)
    normalised = scale(rows)
    assert normalised.abs().max() <= 10.0
    assert normalised[..., 2].std().item() == pytest.approx(1.0, rel=0.01)
    torch.testing.assert_close(scale.inverse(normalised), rows)
    assert (scale.inverse(torch.randn(1, 50, 3))[..., 1] == 5.0).all()


def test_a_setting_that_cannot_be_is_named() -> None:
    with pytest.raises(ConfigError, match=r"'dynamics.elites' is 9, expected at most .* \(7\)"):
        DynamicsConfig(elites=9)
    with pytest.raises(ConfigError, match=r"'dynamics.max_updates' is 0"):
        DynamicsConfig(max_updates=0)
