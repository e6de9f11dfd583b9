"""Real steps as rows for the agents: state and next state belong to the same step."""

import torch
from torch import Tensor

from p2e.exploration.real_steps import RealSteps
from p2e.nn.generators import SeedGenerators
from p2e.replay.buffers import Fields, RowBuffer, real_fields
from tests.p2e.world.test_world_learner import MEMORY, ROWS, SEEDS, learner


def draws() -> SeedGenerators:
    return SeedGenerators(range(SEEDS), "test draws")


def numbers() -> Tensor:
    return torch.arange(float(ROWS)).view(1, ROWS, 1).expand(SEEDS, -1, -1)


def random_replay() -> tuple[RowBuffer, Fields]:
    """A buffer of steps of one episode with their index as reward, and its fields."""
    replay, buffer = SeedGenerators(range(SEEDS), "test replay"), buffer_of_steps()
    fields = {name: replay.normal(ROWS, width) for name, width in buffer.widths.items()}
    fields |= {"reward": numbers(), "first": torch.zeros(SEEDS, ROWS, 1)}
    fields |= {"terminated": torch.zeros(SEEDS, ROWS, 1)}
    buffer.add(fields)
    return buffer, fields


def buffer_of_steps() -> RowBuffer:
    return RowBuffer(SEEDS, ROWS, real_fields(3, 1, MEMORY))


def test_a_row_of_replay_leads_from_the_memory_kept_with_it_to_the_one_after_its_step() -> None:
    world, (buffer, fields) = learner(), random_replay()
    rows = RealSteps(world, draws(), buffer, 0.9, steps=1, pays_curiosity=True).draw(30)
    row = rows["reward"].long()
    observation, reached, action, memory = (
        fields[name].take_along_dim(row, dim=1)
        for name in ("observation", "next_observation", "action", "memory")
    )
    with torch.no_grad():
        latent, next_latent = world.model.encode(observation), world.model.encode(reached)
        after = world.model.remember(latent, action, memory)
    seen = torch.cat([latent, memory], dim=-1)
    torch.testing.assert_close(rows["observation"], seen)
    torch.testing.assert_close(rows["next_observation"], torch.cat([next_latent, after], dim=-1))
    with torch.no_grad():
        paid = world.curiosity.reward(world.curiosity.disagreement(latent, action))
    torch.testing.assert_close(rows["curiosity"], paid.unsqueeze(-1))


def test_returns_reach_as_many_steps_as_asked_for() -> None:
    world, (buffer, _) = learner(rare_share=0.0), random_replay()
    rows = RealSteps(world, draws(), buffer, 0.5, steps=3, pays_curiosity=True).draw(30)
    # r + 0.5 (r + 1) + 0.25 (r + 2) of the rewards r, r + 1, r + 2.
    first = (rows["reward"] - 1.0) / 1.75
    torch.testing.assert_close(first, first.round())
    torch.testing.assert_close(rows["terminated"], torch.full_like(first, 0.75))
    assert min(len(drawn.unique()) for drawn in first) > 10


def test_a_share_of_the_rows_reaches_a_rare_reward() -> None:
    world, (buffer, fields) = learner(rare_share=0.5), random_replay()
    rewards = torch.zeros(SEEDS, ROWS, 1)
    rewards[:, 20] = 1.0
    buffer.add(fields | {"reward": rewards})
    rows = RealSteps(world, draws(), buffer, 1.0, steps=3, pays_curiosity=False).draw(40)
    assert (rows["reward"][:, :20] == 1.0).all() and "curiosity" not in rows
    assert (rows["reward"][:, 20:] == 0.0).any()


def test_a_row_of_several_steps_ends_in_what_its_last_step_reached() -> None:
    world, (buffer, fields) = learner(rare_share=0.0), random_replay()
    starts = torch.zeros(SEEDS, ROWS, 1)
    starts[:, ::5] = 1.0
    buffer.add(fields | {"first": starts})
    rows = RealSteps(world, draws(), buffer, 0.0, steps=3, pays_curiosity=False).draw(30)
    begins = rows["reward"].long()  # nothing of the later rewards counts
    left = 4 - begins % 5  # steps of the episode after this one
    last = (begins + left.clamp(max=2)).minimum(torch.tensor(ROWS - 1))
    inside = (begins + 2 < ROWS).squeeze(-1)
    reached, latent, action, memory = (
        fields[name].take_along_dim(last, dim=1)
        for name in ("next_observation", "observation", "action", "memory")
    )
    with torch.no_grad():
        after = world.model.remember(world.model.encode(latent), action, memory)
        expected = torch.cat([world.model.encode(reached), after], dim=-1)
    torch.testing.assert_close(rows["next_observation"][inside], expected[inside])
    assert len(left[inside].unique()) == 5
