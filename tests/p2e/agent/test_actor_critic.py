"""The squashed Gaussian policy against numerical integration, and the twin critics."""

import math

import pytest
import torch
from torch import Tensor

from p2e.agent.actor import Actor, tanh_log_jacobian
from p2e.agent.critic import TwinCritic
from p2e.nn.generators import SeedGenerators


def actor_with(mean: list[float], log_std: list[float]) -> Actor:
    """A policy for one seed with the same Gaussian for every observation."""
    actor = Actor(2, len(mean), (4,), SeedGenerators([0], "weights"))
    last = actor.network.layers[-1]
    with torch.no_grad():
        last.weight.zero_()
        last.bias.copy_(torch.tensor([*mean, *log_std]).view(1, 1, -1))
    return actor


def test_log_jacobian_equals_the_naive_form_where_that_is_exact() -> None:
    raw = torch.linspace(-6, 6, 241)
    naive = torch.log(1 - torch.tanh(raw.double()) ** 2)
    torch.testing.assert_close(tanh_log_jacobian(raw).double(), naive, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("raw", [-20.0, 20.0, -80.0, 80.0])
def test_log_jacobian_is_exact_far_out(raw: float) -> None:
    point = torch.tensor([raw], requires_grad=True)
    value = tanh_log_jacobian(point)
    # log(4 / (e^x + e^-x)^2) = log 4 - 2 |x| - 2 log(1 + e^(-2 |x|))
    expected = math.log(4) - 2 * abs(raw) - 2 * math.log1p(math.exp(-2 * abs(raw)))
    assert float(value.detach()) == pytest.approx(expected, rel=1e-6)
    value.sum().backward()
    assert point.grad is not None
    assert float(point.grad) == pytest.approx(-2 * math.tanh(raw), rel=1e-6)


@pytest.mark.parametrize(("mean", "log_std"), [(0.0, 0.0), (0.7, -1.0), (-1.5, 0.5), (0.2, -3.0)])
def test_the_density_of_actions_integrates_to_one(mean: float, log_std: float) -> None:
    actor = actor_with([mean], [log_std]).double()
    noise = torch.linspace(-9, 9, 20_001, dtype=torch.float64).view(1, -1, 1)
    features = torch.zeros(1, noise.shape[1], 2, dtype=torch.float64)
    with torch.no_grad():
        action, log_probability = actor.sample(features, noise)[:2]
    mass = torch.trapezoid(log_probability[0].exp(), action[0, :, 0])
    assert float(mass) == pytest.approx(1.0, abs=1e-4)


def test_log_probability_of_several_dimensions_by_the_naive_formula() -> None:
    mean, log_std = [0.3, -0.6, 1.0], [-0.5, 0.2, -1.2]
    actor = actor_with(mean, log_std).double()
    noise = torch.randn(1, 50, 3, generator=torch.Generator().manual_seed(0)).double()
    with torch.no_grad():
        features = torch.zeros(1, 50, 2, dtype=torch.float64)
        action, log_probability = actor.sample(features, noise)[:2]
    centre, spread = torch.tensor(mean).double(), torch.tensor(log_std).double().exp()
    raw = centre + spread * noise
    naive = torch.distributions.Normal(centre, spread).log_prob(raw).sum(-1)
    naive = naive - torch.log(1 - raw.tanh() ** 2).sum(-1)
    torch.testing.assert_close(action, raw.tanh())
    torch.testing.assert_close(log_probability, naive, rtol=1e-6, atol=1e-6)


def test_the_mode_is_the_squashed_mean() -> None:
    actor = actor_with([0.5, -2.0], [1.0, 1.0])
    expected = torch.tensor([math.tanh(0.5), math.tanh(-2.0)])
    torch.testing.assert_close(actor.mode(torch.ones(1, 3, 2)), expected.expand(1, 3, 2))


def test_extreme_outputs_stay_finite_and_inside_the_box() -> None:
    actor = actor_with([500.0, -500.0], [500.0, -500.0])
    noise = torch.randn(1, 100, 2, generator=torch.Generator().manual_seed(0))
    _, log_std = actor(torch.zeros(1, 100, 2))
    assert log_std[0, 0].tolist() == [2.0, -20.0]
    action, log_probability = actor.sample(torch.zeros(1, 100, 2), noise)[:2]
    assert bool((action.abs() <= 1).all()) and bool(log_probability.isfinite().all())


@pytest.mark.parametrize(("mean", "log_std"), [(0.1, -0.4), (-1.3, 0.7), (0.2, 2.5), (0.3, -25.0)])
def test_gradients_of_action_and_log_probability_by_hand(mean: float, log_std: float) -> None:
    actor = actor_with([mean], [log_std])
    sample = actor.sample(torch.zeros(1, 1, 2), torch.tensor([[[0.8]]]))
    gradient = actor.weight_gradient(sample, torch.tensor([[[3.0]]]), torch.tensor([[0.5]]))
    of_bias = actor.network.as_layers(gradient)[-1].bias.flatten().tolist()
    deviation = math.exp(min(max(log_std, -20.0), 2.0))
    action = math.tanh(mean + 0.8 * deviation)
    # d action / d raw = 1 - action^2, d log-probability / d raw = 2 action
    of_raw = 3.0 * (1 - action**2) + 0.5 * 2 * action
    # The log-probability contains -log(deviation), which is constant outside of its bounds.
    of_log_std = of_raw * 0.8 * deviation - 0.5 if -20 <= log_std <= 2 else 0.0
    assert of_bias == pytest.approx([of_raw, of_log_std], rel=1e-5)


def critic_values(critic: TwinCritic, seed: int, twin: int, rows: Tensor) -> Tensor:
    """The output of one critic of one seed, by plain matrix products."""
    for number, layer in enumerate(critic.network.layers):
        rows = rows @ layer.weight[seed, twin] + layer.bias[seed, twin]
        rows = rows.relu() if number < len(critic.network.layers) - 1 else rows
    return rows.squeeze(-1)


def test_the_two_critics_are_separate_networks_of_features_and_action() -> None:
    critic = TwinCritic(3, 2, (8, 8), SeedGenerators([0, 1], "weights"))
    random = torch.Generator().manual_seed(0)
    features, action = torch.randn(2, 5, 3, generator=random), torch.rand(2, 5, 2, generator=random)
    values = critic(features, action)
    assert values.shape == (2, 2, 5)
    for seed in range(2):
        rows = torch.cat([features[seed], action[seed]], dim=-1)
        for twin in range(2):
            expected = critic_values(critic, seed, twin, rows)
            torch.testing.assert_close(values[seed, twin], expected)
    assert not torch.allclose(values[:, 0], values[:, 1])


@pytest.mark.parametrize(
    ("layer_norm", "counting", "shares"),
    [
        (False, [1.0, -2.0, 4.0], [[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]),
        (True, [2.0, 0.5, 4.0], [[0.5] * 3] * 2),
    ],
)
def test_of_both_values_the_smaller_counts_or_of_normalised_critics_their_mean(
    layer_norm: bool, counting: list[float], shares: list[list[float]]
) -> None:
    generators = SeedGenerators([0], "weights")
    critic = TwinCritic(3, 2, (8,), generators, layer_norm)
    values = torch.tensor([[[1.0, 3.0, 4.0], [3.0, -2.0, 4.0]]])
    assert critic.counting(values).tolist() == [counting]
    assert critic.shares(values).tolist() == [shares]


def test_a_normalised_critic_does_not_see_how_large_its_hidden_units_are() -> None:
    critic = TwinCritic(3, 2, (8,), SeedGenerators([0], "weights"), layer_norm=True)
    features, action = torch.randn(1, 5, 3), torch.rand(1, 5, 2)
    before = critic(features, action)
    with torch.no_grad():
        for part in critic.network.layers[0]:
            part.mul_(1000.0)
    torch.testing.assert_close(critic(features, action), before, rtol=1e-3, atol=1e-3)


def test_acting_is_sampling_without_the_rest() -> None:
    actor = Actor(3, 2, (8,), SeedGenerators([0, 1], "weights"))
    random = torch.Generator().manual_seed(0)
    features, noise = (torch.randn(2, 5, size, generator=random) for size in (3, 2))
    assert torch.equal(actor.act(features, noise), actor.sample(features, noise).action)
