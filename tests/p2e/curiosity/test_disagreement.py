"""Disagreement: zero for identical members, low on seen data and high on unseen data."""

import math

import pytest
import torch
from torch import Tensor

from p2e.curiosity.disagreement import MEMBERS, EnsembleDisagreement, disagreement
from p2e.nn.generators import SeedGenerators
from p2e.nn.optimizer import SeedOptimizer

LATENT, ACTIONS = 4, 1


def curiosity(seeds: int = 1) -> EnsembleDisagreement:
    return EnsembleDisagreement(
        LATENT,
        ACTIONS,
        LATENT,
        lambda parameters: SeedOptimizer(parameters, 3e-3, clip_norm=1.0),
        SeedGenerators(range(seeds), "test ensemble"),
        SeedGenerators(range(seeds), "test rows"),
    )


def test_disagreement_by_hand() -> None:
    # Two members, one row, two dimensions: variances 1 and 4, mean 2.5.
    predictions = torch.tensor([[[[1.0, 0.0]], [[3.0, 4.0]]]])
    assert disagreement(predictions).tolist() == [[2.5]]


def test_identical_members_do_not_disagree() -> None:
    module = curiosity()
    with torch.no_grad():
        for parameter in module.averaged.parameters():
            parameter.copy_(parameter[:, :1].expand_as(parameter))
    rows = torch.randn(1, 6, LATENT), torch.randn(1, 6, ACTIONS)
    torch.testing.assert_close(module.disagreement(*rows), torch.zeros(1, 6), atol=1e-12, rtol=0)


def data(low: float, high: float, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Rows of a synthetic world with latents in [low, high)."""
    draws = SeedGenerators([seed], "test data")
    latent = draws.uniform(low, high, 128, LATENT)
    action = draws.uniform(-1.0, 1.0, 128, ACTIONS)
    return latent, action, torch.sin(latent) * action


def test_it_falls_on_seen_data_and_stays_high_on_unseen() -> None:
    module = curiosity()
    latent, action, _ = data(-1.0, 1.0, seed=1)
    before = module.disagreement(latent, action).mean()
    for i in range(300):
        module.learn(*data(-1.0, 1.0, seed=100 + i))
    seen = module.disagreement(latent, action).mean()
    unseen = module.disagreement(*data(3.0, 4.0, seed=2)[:2]).mean()
    assert seen < 0.1 * before
    assert unseen > 10 * seen


def test_what_single_batches_did_to_the_members_counts_less() -> None:
    """The targets are pure noise, so that the members differ only by their latest batches."""
    module = curiosity()
    for i in range(300):
        latent, action, change = data(-1.0, 1.0, seed=100 + i)
        noise = SeedGenerators([i], "test noise").normal(*change.shape[1:])
        module.learn(latent, action, noise)
    at_once = disagreement(module.ensemble.predict_each(torch.cat([latent, action], dim=-1)))
    assert module.disagreement(latent, action).mean() < 0.5 * at_once.mean()


def smallest_distance(module: EnsembleDisagreement) -> float:
    """The distance between the weights of the two most similar members."""
    return float(torch.pdist(module.ensemble.weights.detach()[0]).min())


def test_members_stay_different() -> None:
    module = curiosity()
    for i in range(100):
        module.learn(*data(-1.0, 1.0, seed=i))
    assert smallest_distance(module) > 0.1


def test_members_learn_from_rows_of_their_own() -> None:
    module = curiosity()
    with torch.no_grad():
        module.ensemble.weights.copy_(module.ensemble.weights[:, :1].expand(-1, MEMBERS, -1))
    assert smallest_distance(module) == 0
    for i in range(10):
        module.learn(*data(-1.0, 1.0, seed=i))
    assert smallest_distance(module) > 0.01


def test_the_reward_is_the_logarithm_in_units_of_its_running_mean_and_never_negative(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = curiosity()
    module.scale.update(torch.tensor([[1.0, 3.0]]))
    raw = torch.tensor([[0.0, 2.0, 4.0, 8.0, 40.0]])
    expected = torch.tensor([[0.0, 0.0, 0.0, math.log(2), math.log(10)]])
    torch.testing.assert_close(module.reward(raw), expected)
    monkeypatch.setattr("p2e.curiosity.step_units.UNKNOWN", 0.5)
    torch.testing.assert_close(module.reward(raw[:, 1:3]), torch.tensor([[2.0, 4.0]]).log())
