"""One update of the world model: its windows, its units, and the ensemble's targets."""

from typing import Any

import pytest
import torch
from torch import Tensor

from p2e.algorithm import Problem
from p2e.batch import TransitionBatch
from p2e.config import ConfigError
from p2e.curiosity.observation_disagreement import ObservationDisagreement
from p2e.curiosity.settings import ExplorationConfig
from p2e.metrics import Metrics
from p2e.nn.generators import SeedGenerators
from p2e.replay.buffers import RowBuffer, real_fields
from p2e.world.world_learner import (
    RARE_SHARE,
    LatentExplorationConfig,
    WorldConfig,
    WorldLearner,
)
from p2e.world.world_loss import WorldStates

SEEDS, ROWS, MEMORY = 2, 40, 4
STEP = torch.tensor([0.5, -0.25, 0.0])  # how each feature of the observation changes in a step


def learner(
    exploration: ExplorationConfig | None = None,
    reward_free: bool = False,
    rare_share: float = RARE_SHARE,
    **settings: Any,
) -> WorldLearner:
    device = torch.device("cpu")
    problem = Problem(
        (0, 1), 3, 1, 10, 10, lambda o, a, n: torch.zeros(o.shape[:-1]).bool(), device
    )
    small: dict[str, Any] = {
        "latent_size": 8,
        "memory_size": MEMORY,
        "hidden": (16,),
        "sequences": 4,
        "sequence_length": 4,
    }
    rare = reward_free, rare_share
    return WorldLearner(problem, WorldConfig(**small | settings), 10, exploration, *rare)


def filled(observation: Tensor, next_observation: Tensor) -> RowBuffer:
    """A buffer of steps between these observations."""
    rows = RowBuffer(SEEDS, ROWS, real_fields(3, 1, MEMORY))
    zeros = dict.fromkeys(("action", "reward", "terminated", "first"), torch.zeros(SEEDS, ROWS, 1))
    seen = {"observation": observation, "next_observation": next_observation}
    rows.add(seen | zeros | {"memory": torch.zeros(SEEDS, ROWS, MEMORY)})
    return rows


def overwrite(buffer: RowBuffer, field: str, values: Tensor) -> None:
    buffer.write(field, torch.arange(ROWS).repeat(SEEDS, 1), values)


@pytest.fixture
def buffer() -> RowBuffer:
    """Every step changes the observation by STEP."""
    time = torch.arange(ROWS, dtype=torch.float32).view(1, ROWS, 1).expand(SEEDS, -1, -1)
    return filled(time * STEP, (time + 1) * STEP)


Lesson = tuple[Tensor, Tensor, Tensor]  # latents, actions, and prediction targets


def lesson_of(
    world: WorldLearner, buffer: RowBuffer, monkeypatch: pytest.MonkeyPatch
) -> tuple[WorldStates, Lesson]:
    """The states of one update, and the ensemble's inputs and targets."""
    lessons: list[Lesson] = []

    def learn(latent: Tensor, action: Tensor, change: Tensor) -> Metrics:
        lessons.append((latent, action, change))
        return {}

    monkeypatch.setattr(world.curiosity, "learn", learn)
    world.update(buffer)
    (lesson,) = lessons
    return world.states, lesson


def test_how_observations_change_is_measured(buffer: RowBuffer) -> None:
    world = learner()
    world.update(buffer)
    # Each feature changes by a constant, so that one step is one unit; the last never changes.
    units = STEP / world.model.observation_change.scale
    torch.testing.assert_close(units, torch.tensor([1.0, -1.0, 0.0]).expand_as(units))


def test_latents_are_predicted_in_units_of_their_change(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    buffer = filled(torch.randn(SEEDS, ROWS, 3), torch.randn(SEEDS, ROWS, 3))
    _, (_, _, target) = lesson_of(learner(), buffer, monkeypatch)
    assert target.shape == (SEEDS, 16, 8)
    # After one batch the unit is the root mean square of the batch's changes.
    torch.testing.assert_close(target.square().mean(dim=(1, 2)), torch.ones(SEEDS))


def test_the_ensemble_predicts_from_the_states_that_the_steps_began_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    draws = SeedGenerators(range(SEEDS), "test replay")
    buffer = filled(draws.normal(ROWS, 3), draws.normal(ROWS, 3))
    overwrite(buffer, "action", draws.uniform(-1.0, 1.0, ROWS, 1))
    states, (latent, action, _) = lesson_of(learner(), buffer, monkeypatch)
    assert torch.equal(latent, states.latent) and torch.equal(action, states.action)
    assert not torch.equal(latent, states.next_latent) and action.any()


def test_an_update_moves_world_model_and_ensemble(buffer: RowBuffer) -> None:
    world = learner()
    before = [parameter.clone() for parameter in world.curiosity.ensemble.parameters()]
    model = [parameter.clone() for parameter in world.model.parts_of_the_world_loss()]
    for _ in range(3):
        metrics = world.update(buffer)
    assert not any(map(torch.equal, before, world.curiosity.ensemble.parameters()))
    assert not any(map(torch.equal, model, world.model.parts_of_the_world_loss()))
    assert "ensemble_loss" in metrics


def test_an_unknown_bonus_is_one_line() -> None:
    expected = "'exploration.bonus' is 'latent', expected one of .*'observation-disagreement'"
    with pytest.raises(ConfigError, match=expected):
        LatentExplorationConfig(bonus="latent")


@pytest.mark.parametrize(("reward_free", "looks_at"), [(False, "reward"), (True, "terminated")])
def test_windows_are_around_rare_rewards_or_in_reward_free_modes_around_rare_ends(
    reward_free: bool, looks_at: str
) -> None:
    observation = torch.randn(SEEDS, ROWS, 3, generator=torch.Generator().manual_seed(0))
    buffer = filled(observation, observation + STEP)
    for name, row in (("reward", 5), ("terminated", 30)):  # no window of four holds both
        values = torch.zeros(SEEDS, ROWS, 1)
        values[:, row] = 1
        overwrite(buffer, name, values)
    world = learner(reward_free=reward_free, rare_share=1.0)
    assert world.model.reward_heads.pessimistic == reward_free
    world.update(buffer)
    states = world.states
    held = {name: getattr(states, name).sum(dim=1).tolist() for name in ("reward", "terminated")}
    assert held.pop(looks_at) == [4, 4]  # each of the four windows
    assert held.popitem()[1] == [0, 0]


def test_memories_as_they_are_now_are_stored(buffer: RowBuffer) -> None:
    world = learner()
    before = buffer.in_order("memory").clone()
    world.update(buffer)
    changed = (buffer.in_order("memory") != before).any(dim=-1)
    assert changed.any() and not changed.all()  # those of the windows that were drawn


def test_observation_disagreement_is_paid_for_what_latents_decode_to(buffer: RowBuffer) -> None:
    exploration = LatentExplorationConfig(bonus="observation-disagreement")
    world = learner(exploration=exploration)
    world.update(buffer)
    draws = SeedGenerators(range(SEEDS), "test latents")
    latent, reached, action = draws.normal(6, 8), draws.normal(6, 8), draws.uniform(-1, 1, 6, 1)
    decoded, nothing = world.model.decode(latent), torch.zeros(SEEDS, 6)
    rows = TransitionBatch(decoded, action, nothing, world.model.decode(reached), nothing)
    assert isinstance(world.bonus, ObservationDisagreement)
    world.bonus.scale.average.mul_(1e-3)  # so that each step pays
    world.curiosity.scale.average.mul_(1e-3)
    paid = world.intrinsic_reward(
        latent, world.decoded(latent, action, world.model.decoder(reached))
    )
    assert (paid > 0).all() and torch.equal(paid, world.bonus.reward(rows))
    of_latents = world.curiosity.reward(world.curiosity.disagreement(latent, action))
    assert not torch.equal(paid, of_latents)
