"""The error discount: expected errors of the world model, and steps that are discounted more."""

import pytest
import torch

from p2e.nn.generators import SeedGenerators
from p2e.nn.optimizer import CONSTANT
from p2e.replay.buffers import Fields, RowBuffer, real_fields
from p2e.reward_free.error_discount import WEIGHT, ErrorDiscount, discounted_sum, step_errors
from p2e.world.feature_extractor import FeatureExtractor
from p2e.world.world_learner import WorldConfig
from p2e.world.world_model import WorldModel

SEEDS, OBSERVATION, ACTION, LATENT, MEMORY = 2, 3, 1, 8, 4
DISCOUNT = 0.9


@pytest.fixture
def model() -> WorldModel:
    draws = SeedGenerators(range(SEEDS), "weights")
    model = WorldModel(OBSERVATION, ACTION, LATENT, MEMORY, (16,), draws)
    model.normalizer.update(3 + 2 * draws.normal(50, OBSERVATION))
    model.observation_change.update(draws.normal(50, OBSERVATION))
    model.reward_range.update(torch.tensor([[-1.0, 5.0]]).expand(SEEDS, 2))
    return model


def streams(name: str) -> SeedGenerators:
    return SeedGenerators(range(SEEDS), name)


def discount_for(model: WorldModel) -> ErrorDiscount:
    config, parts = WorldConfig(hidden=(32,)), (streams("initial"), streams("draws"))
    return ErrorDiscount(FeatureExtractor(model), ACTION, config, DISCOUNT, CONSTANT, *parts)


@torch.no_grad()
def replay_with_one_hard_action(model: WorldModel) -> RowBuffer:
    """The model is right about all steps except those with an action above 0.5."""
    draws = SeedGenerators(range(SEEDS), "replay")
    rows = {
        name: draws.normal(400, width)
        for name, width in real_fields(OBSERVATION, ACTION, MEMORY).items()
    }
    rows["action"] = draws.uniform(-1.0, 1.0, 400, ACTION)
    latent = model.encode(rows["observation"])
    prediction, _ = model.step(latent, rows["action"], rows["memory"])
    rows["next_observation"] = model.decode(prediction.next_latent)
    rows["next_observation"] += 3.0 * (rows["action"] > 0.5)
    buffer = RowBuffer(SEEDS, 400, real_fields(OBSERVATION, ACTION, MEMORY))
    buffer.add(rows)
    return buffer


def imagined(terminated: float = 0.0) -> Fields:
    """Three steps of four trajectories, each with reward 2."""
    widths = {"observation": LATENT + MEMORY, "action": ACTION, "reward": 1, "terminated": 1}
    steps = {name: torch.zeros(SEEDS, 3, 4, width) for name, width in widths.items()}
    return steps | {
        "reward": steps["reward"] + 2.0,
        "terminated": steps["terminated"] + terminated,
    }


def expecting(model: WorldModel, error: float) -> ErrorDiscount:
    """An error discount that expects the same error everywhere."""
    made = discount_for(model)
    with torch.no_grad():
        made._network.weights.zero_()
        made._network.layers[-1].bias.fill_(error)
    return made


def test_errors_are_in_units_of_what_a_step_changes(model: WorldModel) -> None:
    rows = replay_with_one_hard_action(model).everything()
    errors = step_errors(model, model.encode(rows["observation"]), rows)
    hard = rows["action"].squeeze(-1) > 0.5
    off = 3.0 / model.normalizer.variance.sqrt() / model.observation_change.scale
    expected = off.square().mean(dim=-1).sqrt().expand_as(errors)
    torch.testing.assert_close(errors[hard], expected[hard])
    assert errors[~hard].max() < 1e-3


def test_it_learns_where_the_model_is_wrong(model: WorldModel) -> None:
    replay, discount = replay_with_one_hard_action(model), discount_for(model)
    metrics = discount.learn(replay, updates=400)
    rows = replay.everything()
    features = torch.cat([model.encode(rows["observation"]), rows["memory"]], dim=-1)
    action = rows["action"].squeeze(-1)
    expected = discount.expected(features, rows["action"])
    assert metrics["error_discount_loss"].shape == (SEEDS,)
    assert expected[action > 0.6].mean() > 2.0, "where it holds, four times the mean"
    assert expected[action < 0.4].mean() < 0.7
    torch.testing.assert_close(expected.mean(dim=1), torch.ones(SEEDS), atol=0.25, rtol=0.0)


def test_with_weight_a_half_a_step_whose_error_is_five_times_the_mean_counts_as_three(
    model: WorldModel,
) -> None:
    assert WEIGHT == 0.5
    steps = expecting(model, error=5.0).apply(imagined())
    left = torch.full_like(steps["terminated"], DISCOUNT**2)
    torch.testing.assert_close(1 - steps["terminated"], left)
    paid = 2.0 + (DISCOUNT + DISCOUNT**2) * -1.0  # the lowest reward, twice
    torch.testing.assert_close(steps["reward"], torch.full_like(left, paid))


def test_nothing_waits_behind_an_end(model: WorldModel) -> None:
    steps = expecting(model, error=3.0).apply(imagined(terminated=1.0))
    assert (steps["terminated"] == 1).all() and (steps["reward"] == 2).all()


@pytest.mark.parametrize("error", [0.4, 1.0])
def test_what_is_known_as_well_as_most_counts_as_it_is(model: WorldModel, error: float) -> None:
    steps = imagined(terminated=0.25)
    applied = expecting(model, error).apply(steps)
    assert all(torch.equal(applied[name], steps[name]) for name in steps)


@pytest.mark.parametrize(("discount", "expected"), [(1.0, 3.0), (0.5, 0.875)])
def test_what_is_paid_while_waiting(discount: float, expected: float) -> None:
    assert discounted_sum(discount, torch.tensor(3.0)).item() == pytest.approx(expected)
