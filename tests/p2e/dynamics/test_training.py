"""Training of the dynamics: holdout, bootstrap, early stopping, and independence of seeds."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from p2e.batch import TransitionBatch
from p2e.dynamics import training as dynamics_training
from p2e.dynamics.probabilistic_ensemble import Dynamics, DynamicsConfig, gaussian_nll, raw_targets
from p2e.dynamics.training import (
    EarlyStopping,
    dynamics_optimizer,
    members_rows,
    split_rows,
    train_dynamics,
    training_losses,
)
from p2e.nn.generators import SeedGenerators

Make = Callable[..., SeedGenerators]
SMALL = DynamicsConfig(
    hidden=(16, 16), members=3, elites=2, batch_size=32, patience=2, max_updates=24
)


def linear_rows(generators: SeedGenerators, count: int, noise: float = 0.0) -> TransitionBatch:
    """A known linear system: three observations in different units, one action."""
    observation = generators.normal(count, 3) * torch.tensor([1.0, 10.0, 0.1])
    action = generators.uniform(-1, 1, count, 1)
    change = 0.1 * observation.flip(-1) * torch.tensor([10.0, 1.0, 0.01]) + 0.05 * action
    change = change + noise * generators.normal(count, 3)
    reward = observation[..., 0] - 2 * action[..., 0]
    ended = torch.zeros(len(generators), count)
    return TransitionBatch(observation, action, reward, observation + change, ended)


def weights_of(dynamics: Dynamics, seed: int) -> list[torch.Tensor]:
    return [parameter.detach()[seed].clone() for parameter in dynamics.parameters()]


def test_holdout_is_random_and_apart_from_the_training_rows(generators: Make) -> None:
    streams = generators(0, 1)
    training, holdout = split_rows(streams, 1000, DynamicsConfig())
    assert training.shape == (2, 800) and holdout.shape == (2, 200)
    for seed in range(2):
        assert sorted([*training[seed].tolist(), *holdout[seed].tolist()]) == list(range(1000))
        assert 400 < holdout[seed].float().mean() < 600  # neither the first rows nor the last
    again = split_rows(streams, 1000, DynamicsConfig())[1]
    assert len({tuple(sorted(row.tolist())) for row in [*holdout, *again]}) == 4
    assert split_rows(streams, 40000, DynamicsConfig())[1].shape == (2, 5000)
    with pytest.raises(ValueError, match="1 rows"):
        split_rows(streams, 1, DynamicsConfig())


def test_bootstrap_rows_differ_for_each_member_and_seed(generators: Make) -> None:
    training = torch.arange(100, 200).expand(2, -1)
    rows = members_rows(generators(0, 1), training, 3)
    assert rows.shape == (2, 3, 100)
    assert rows.min() >= 100 and rows.max() < 200
    assert len({tuple(sorted(member.tolist())) for member in rows.flatten(0, 1)}) == 6
    distinct = [member.unique().numel() for member in rows.flatten(0, 1)]
    assert min(distinct) > 50 and max(distinct) < 80  # with replacement: 63 of 100 are expected


def test_weight_decay_of_each_layer_and_none_of_biases(generators: Make) -> None:
    assert DynamicsConfig().layer_decays() == [2.5e-5, 5e-5, 7.5e-5, 7.5e-5, 1e-4]
    assert DynamicsConfig(hidden=(8,)).layer_decays() == [2.5e-5, 1e-4]
    dynamics = Dynamics(2, 1, SMALL, generators(0))
    before = [part.detach().clone() for layer in dynamics.network.layers for part in layer]
    bounds = dynamics.min_log_variance.detach().clone()
    nothing = torch.stack([p.sum() * 0.0 for p in dynamics.parameters()]).sum()
    dynamics_optimizer(dynamics).step(nothing.view(1))
    for number, layer in enumerate(dynamics.network.layers):
        assert not bool((layer.weight == before[2 * number]).any())
        assert torch.equal(layer.bias, before[2 * number + 1])
    assert torch.equal(dynamics.min_log_variance, bounds)


@pytest.mark.parametrize("power", [0.0, 0.5])
def test_loss_weighs_the_likelihoods_of_each_target(generators: Make, power: float) -> None:
    config = replace(SMALL, likelihood_weighting=power)
    dynamics = Dynamics(2, 1, config, generators(0, 1))
    batch = generators(0, 1, stream="rows").normal(3, 40, 3 + 3)
    losses, likelihood = training_losses(dynamics, batch)
    mean, log_variance = dynamics(batch[..., :3])
    each = gaussian_nll(mean, log_variance, batch[..., 3:]).detach()
    weights = log_variance.detach().exp() ** power
    average = (each * weights).sum(dim=2) / weights.sum(dim=2)  # over the rows of (S, E, B, D)
    expected = 2 * average.mean(dim=2).sum(dim=1) + 0.01 * 3 * 3 * 10.5
    torch.testing.assert_close(losses, expected)
    torch.testing.assert_close(likelihood, each.mean(dim=(1, 2, 3)))


def test_members_keep_their_own_best_weights_and_a_stopped_seed_keeps_still(
    generators: Make,
) -> None:
    dynamics = Dynamics(2, 1, SMALL, generators(0, 1))  # three members, patience of two epochs
    stopping = EarlyStopping(dynamics)
    losses = [
        [[3.0, 5.0, 5.0], [9.0, 9.0, 9.0]],
        [[4.0, 4.0, 4.99], [8.0, 9.0, 9.0]],  # 4.99 is not an improvement of 1%
        [[4.0, 4.5, 5.0], [7.0, 9.0, 9.0]],
        [[4.0, 4.5, 5.0], [6.0, 9.0, 9.0]],  # the second epoch without improvement: seed 0 stops
        [[1.0, 1.0, 1.0], [5.0, 9.0, float("nan")]],
    ]
    for epoch, values in enumerate(losses):
        assert stopping.active.tolist() == [epoch < 4, True]
        with torch.no_grad():
            for parameter in dynamics.parameters():
                parameter.fill_(epoch)
        stopping.update(torch.tensor(values))
    stopping.restore()
    assert stopping.best_losses.tolist() == [[3.0, 4.0, 5.0], [5.0, 9.0, 9.0]]
    assert stopping.epochs.tolist() == [4, 5]
    expected = torch.tensor([[0.0, 1.0, 0.0], [4.0, 0.0, 0.0]])
    for parameter in dynamics.parameters():
        each = expected.view(2, 3, *[1] * (parameter.dim() - 2))
        assert torch.equal(parameter, each.expand_as(parameter))


def test_training_that_only_worsens_ends_with_the_weights_of_its_first_epoch(
    generators: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = DynamicsConfig(hidden=(8,), members=3, elites=2, batch_size=32)
    dynamics = Dynamics(3, 1, config, generators(0))
    after_epochs: list[list[torch.Tensor]] = []

    def worsening(trained: Dynamics, held_out: torch.Tensor) -> torch.Tensor:
        after_epochs.append(weights_of(trained, 0))
        return torch.tensor([[3.0, 1.0, 2.0]]) * len(after_epochs)

    monkeypatch.setattr(dynamics_training, "holdout_losses", worsening)
    metrics = train_dynamics(dynamics, linear_rows(generators(0), 100), generators(0))
    assert metrics["model_epochs"].tolist() == [1 + config.patience]
    assert metrics["holdout_loss"].tolist() == [1.5]
    assert dynamics.elites.tolist() == [[1, 2]]
    first, last = after_epochs[0], after_epochs[-1]
    for kept, best, end in zip(weights_of(dynamics, 0), first, last, strict=True):
        assert torch.equal(kept, best) and not torch.equal(kept, end)


def test_a_seeds_model_does_not_depend_on_the_other_seeds_rows(generators: Make) -> None:
    config = DynamicsConfig(
        hidden=(8,), members=2, elites=1, batch_size=32, patience=2, max_updates=160
    )
    easy = linear_rows(generators(0, 1), 150, noise=0.3)
    noisy = linear_rows(generators(0, 1), 150, noise=5.0)
    one_easy = TransitionBatch(
        *(torch.stack([e[0], n[1]]) for e, n in zip(easy, noisy, strict=True))
    )
    results = []
    for rows in (one_easy, noisy):
        dynamics = Dynamics(3, 1, config, generators(0, 1))
        streams = generators(0, 1, stream="training")
        # Twice, because state left by the first training must not couple the seeds either.
        metrics = [train_dynamics(dynamics, rows, streams) for _ in range(2)]
        results.append((dynamics, metrics, streams.integers(10**9, 3)))
    (first, easy_metrics, easy_next), (second, noisy_metrics, noisy_next) = results
    assert not torch.equal(weights_of(first, 0)[-1], weights_of(second, 0)[-1])
    one, other = easy_metrics[0]["model_epochs"], noisy_metrics[0]["model_epochs"]
    assert one[0] > one[1] and one[0] > other[0]  # seed 0 continues after seed 1 has stopped
    for mine, same in zip(weights_of(first, 1), weights_of(second, 1), strict=True):
        assert torch.equal(mine, same)
    assert torch.equal(first.elites[1], second.elites[1])
    assert torch.equal(easy_next, noisy_next)
    for before, after in zip(easy_metrics, noisy_metrics, strict=True):
        assert [before[k][1] for k in before] == [after[k][1] for k in after]


def test_every_training_takes_its_units_from_its_own_rows(generators: Make) -> None:
    dynamics = Dynamics(3, 1, SMALL, generators(0, 1))
    rows = linear_rows(generators(0, 1), 60)
    for times in (1.0, 5.0):
        other = TransitionBatch(*(times * field for field in rows))
        train_dynamics(dynamics, other, generators(0, 1))
        for scale, values in (
            (dynamics.observation_scale, other.observation),
            (dynamics.target_scale, raw_targets(other)),
        ):
            torch.testing.assert_close(scale.mean, values.mean(dim=1, keepdim=True))
            torch.testing.assert_close(
                scale.scale, values.std(dim=1, keepdim=True, correction=0), rtol=1e-4, atol=1e-6
            )


def test_learns_a_linear_system_in_any_units(generators: Make) -> None:
    config = DynamicsConfig(hidden=(32,), members=2, elites=1, batch_size=64, max_updates=600)
    dynamics = Dynamics(3, 1, config, generators(0, 1))
    metrics = train_dynamics(dynamics, linear_rows(generators(0, 1), 1000), generators(0, 1))
    assert metrics["holdout_loss"].max() < 2e-3
    fresh = linear_rows(generators(0, 1, stream="fresh"), 500)
    reached, reward = dynamics.sample(fresh.observation, fresh.action, generators(0, 1))
    change = fresh.next_observation - fresh.observation
    error = (reached - fresh.next_observation).square().mean(1) / change.var(1)
    assert error.max() < 0.02
    assert (reward - fresh.reward).square().mean() / fresh.reward.var() < 0.02


@pytest.mark.parametrize(
    ("limits", "epochs"),
    [
        ({"max_updates": 10}, 3),  # 80 of the 100 rows in batches of 27: three an epoch
        ({"max_updates": 11}, 3),
        ({"max_updates": 1}, 1),
    ],
)
def test_the_budget_of_a_training_is_kept_to(
    generators: Make, limits: dict[str, Any], epochs: int
) -> None:
    config = DynamicsConfig(hidden=(8,), batch_size=27, **limits)
    dynamics = Dynamics(3, 1, config, generators(0))
    metrics = train_dynamics(dynamics, linear_rows(generators(0), 100), generators(0))
    assert metrics["model_epochs"].tolist() == [epochs]
