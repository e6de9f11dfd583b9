"""Real actions in the world model: outcomes come from the model and stay within one episode."""

import pytest
import torch

from p2e.nn.generators import SeedGenerators
from p2e.replay.buffers import Fields, RowBuffer, real_fields
from p2e.reward_free.replayed_actions import ReplayedActions
from p2e.world.feature_extractor import FeatureExtractor
from p2e.world.world_model import WorldModel

SEEDS, ROWS, OBSERVATION, ACTION, MEMORY = (0, 1), 6, 3, 2, 4
DISCOUNT = 0.9


@pytest.fixture
def model() -> WorldModel:
    model = WorldModel(OBSERVATION, ACTION, 8, MEMORY, (16,), SeedGenerators(SEEDS, "weights"))
    model.latent_change.update(torch.randn(2, 50, 1))
    model.reward_range.update(torch.tensor([[-5.0, 5.0]]).expand(2, 2))
    return model


def filled(first_at: int | None = None) -> RowBuffer:
    """As many rows as one window of ROWS steps, so that there is only one window to draw."""
    buffer = RowBuffer(len(SEEDS), ROWS, real_fields(OBSERVATION, ACTION, MEMORY))
    draw = torch.Generator().manual_seed(3)
    rows = {
        name: torch.rand(len(SEEDS), ROWS, width, generator=draw)
        for name, width in buffer.widths.items()
    }
    rows["first"] = torch.zeros(len(SEEDS), ROWS, 1)
    if first_at is not None:
        rows["first"][:, first_at] = 1
    buffer.add(rows)
    return buffer


def drawn(model: WorldModel, buffer: RowBuffer) -> Fields:
    draws = SeedGenerators(SEEDS, "draws")
    return ReplayedActions(FeatureExtractor(model), buffer, 0.0, draws, DISCOUNT, ROWS).draw(rows=1)


def by_hand(
    model: WorldModel, buffer: RowBuffer, steps: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return, continuation probability, and features after so many steps of the only window."""
    with torch.no_grad():
        latent = model.encode(buffer.in_order("observation")[:, :1])
        memory = buffer.in_order("memory")[:, :1]
        total, going_on = torch.zeros(2, 1), torch.ones(2, 1)
        for t in range(steps):
            action = buffer.in_order("action")[:, t : t + 1]
            prediction, memory = model.step(latent, action, memory)
            total += (
                going_on * DISCOUNT**t * model.reward(model.decoder(prediction.next_latent), action)
            )
            going_on *= 1 - prediction.terminated
            latent = prediction.next_latent
        return total, going_on, FeatureExtractor(model).of_state(latent, memory)


def check(model: WorldModel, buffer: RowBuffer, steps: int) -> None:
    row = drawn(model, buffer)
    total, going_on, features = by_hand(model, buffer, steps)
    torch.testing.assert_close(row["reward"].squeeze(-1), total)
    torch.testing.assert_close(row["next_observation"], features)
    torch.testing.assert_close(row["action"], buffer.in_order("action")[:, :1])
    weight = DISCOUNT * (1 - row["terminated"].squeeze(-1))  # what the agent gives the value there
    torch.testing.assert_close(weight, DISCOUNT**steps * going_on)


def test_a_row_reaches_as_far_as_the_models_returns(model: WorldModel) -> None:
    check(model, filled(), steps=ROWS)


@pytest.mark.parametrize("first_at", [1, 3])
def test_no_row_reaches_into_another_episode(model: WorldModel, first_at: int) -> None:
    check(model, filled(first_at), steps=first_at)


def test_no_real_outcome_is_seen(model: WorldModel) -> None:
    buffer = filled()
    before = drawn(model, buffer)
    slots = torch.arange(ROWS).repeat(2, 1)
    for name in ("reward", "terminated", "next_observation"):
        buffer.write(name, slots, buffer.in_order(name) + 1)
    buffer.write("observation", slots[:, 1:], buffer.in_order("observation")[:, 1:] + 1)
    after = drawn(model, buffer)
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_share_of_the_rows_has_a_rare_reward_within_reach(model: WorldModel) -> None:
    held, rewarded, steps = 200, 90, 3
    buffer = RowBuffer(len(SEEDS), held, real_fields(OBSERVATION, ACTION, MEMORY))
    rows = {name: torch.zeros(len(SEEDS), held, width) for name, width in buffer.widths.items()}
    rows["reward"][:, rewarded] = 1.0
    rows["action"][:] = torch.arange(held).view(1, held, 1)  # identifies a row's start
    buffer.add(rows)
    draws = SeedGenerators(SEEDS, "draws")
    fields = ReplayedActions(FeatureExtractor(model), buffer, 0.25, draws, DISCOUNT, steps).draw(
        rows=400
    )
    start = fields["action"][:, :, 0]
    reached = (start <= rewarded) & (rewarded < start + steps)
    assert reached[:, :100].all()
    assert reached[:, 100:].float().mean() < 0.1
