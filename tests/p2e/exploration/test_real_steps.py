"""Real steps as rows for the agents: state and next state belong to the same step."""

import torch
from torch import Tensor

from p2e.exploration.real_steps import RealSteps, RealStepsOfReplay
from p2e.nn.generators import SeedGenerators
from p2e.replay.buffers import RowBuffer, real_fields
from p2e.world.world_loss import WorldStates
from tests.p2e.world.test_world_learner import MEMORY, ROWS, SEEDS, learner

LATENT = 8


def draws() -> SeedGenerators:
    return SeedGenerators(range(SEEDS), "test draws")


def random_states() -> WorldStates:
    """States with their index as reward."""
    draws = SeedGenerators(range(SEEDS), "test states")
    return WorldStates(
        latent=draws.normal(ROWS, LATENT),
        memory=draws.normal(ROWS, MEMORY),
        action=draws.uniform(-1.0, 1.0, ROWS, 1),
        reward=numbers().squeeze(-1),
        terminated=draws.uniform(0.0, 1.0, ROWS).round(),
        next_latent=draws.normal(ROWS, LATENT),
        next_memory=draws.normal(ROWS, MEMORY),
    )


def numbers() -> Tensor:
    return torch.arange(float(ROWS)).view(1, ROWS, 1).expand(SEEDS, -1, -1)


def test_a_row_of_states_leads_from_what_was_seen_to_what_was_reached() -> None:
    world, states = learner(), random_states()
    world.states = states
    rows = RealSteps(world, draws()).draw(30)
    row = rows["reward"].long()
    seen = torch.cat([states.latent, states.memory], dim=-1)
    reached = torch.cat([states.next_latent, states.next_memory], dim=-1)
    paid = world.curiosity.reward(world.curiosity.disagreement(states.latent, states.action))
    for name, expected in (
        ("observation", seen),
        ("next_observation", reached),
        ("action", states.action),
        ("terminated", states.terminated.unsqueeze(-1)),
        ("curiosity", paid.unsqueeze(-1)),
    ):
        torch.testing.assert_close(rows[name], expected.take_along_dim(row, dim=1))
    assert min(len(drawn.unique()) for drawn in row) > 10


def test_a_row_of_replay_leads_from_the_memory_kept_with_it_to_the_one_after_its_step() -> None:
    world, replay = learner(), SeedGenerators(range(SEEDS), "test replay")
    buffer = RowBuffer(SEEDS, ROWS, real_fields(3, 1, MEMORY))
    fields = {name: replay.normal(ROWS, width) for name, width in buffer.widths.items()}
    buffer.add(fields | {"reward": numbers(), "first": torch.zeros(SEEDS, ROWS, 1)})
    rows = RealStepsOfReplay(world, draws(), buffer, discount=0.9, steps=1).draw(30)
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
