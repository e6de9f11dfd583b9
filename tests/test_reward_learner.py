"""Learning the reward beside a world that must not know of it."""

from functools import partial

import torch

from p2e.buffers import RowBuffer, real_fields
from p2e.generators import SeedGenerators
from p2e.optimizer import SeedOptimizer
from p2e.reward_learner import ROWS, RewardLearner
from p2e.world_model import WorldModel

SEEDS, OBSERVATION, ACTION, LATENT, MEMORY = 2, 3, 1, 8, 6


def make_learner() -> tuple[WorldModel, RewardLearner]:
    generators = SeedGenerators(range(SEEDS), "test world")
    model = WorldModel(OBSERVATION, ACTION, LATENT, MEMORY, [16], generators, reward_heads=3)
    assert model.reward_heads is not None
    draws = SeedGenerators(range(SEEDS), "test rows")
    optimizer = partial(SeedOptimizer, learning_rate=1e-3)
    return model, RewardLearner(model, model.reward_heads, optimizer, 0.25, draws)


def replay_with(model: WorldModel, reward_of_the_second: float) -> RowBuffer:
    """100 rows without a reward, but for one of the second seed."""
    buffer = RowBuffer(SEEDS, 100, real_fields(OBSERVATION, ACTION, MEMORY))
    draws = SeedGenerators(range(SEEDS), "test replay")
    fields = {name: draws.normal(100, width) for name, width in buffer.widths.items()}
    fields["reward"] = torch.zeros(SEEDS, 100, 1)
    fields["reward"][1, 50] = reward_of_the_second
    buffer.add(fields)
    model.reward_range.update(fields["reward"].squeeze(-1))
    return buffer


def moved(model: WorldModel, learner: RewardLearner, buffer: RowBuffer) -> dict[str, list[bool]]:
    """Of each parameter, which of its seeds an update changes."""
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    learner.update(buffer)
    after = dict(model.named_parameters())
    return {n: [not torch.equal(before[n][s], after[n][s]) for s in (0, 1)] for n in before}


def test_a_seed_that_met_one_reward_only_learns_nothing() -> None:
    model, learner = make_learner()
    changes = moved(model, learner, replay_with(model, reward_of_the_second=1.0))
    assert changes.pop("reward_heads.weights") == [False, True]
    assert set(map(tuple, changes.values())) == {(False, False)}


def test_where_the_reward_was_learned_is_kept() -> None:
    model, learner = make_learner()
    buffer = replay_with(model, reward_of_the_second=1.0)
    learner.update(buffer)
    latent, memory = learner.states
    assert latent.shape == (SEEDS, ROWS, LATENT) and memory.shape == (SEEDS, ROWS, MEMORY)
    known = model.encode(buffer.in_order("observation"))
    nearest = (latent.unsqueeze(2) - known.unsqueeze(1)).abs().amax(dim=3).min(dim=2)
    assert nearest.values.max() < 1e-5
    torch.testing.assert_close(
        memory, buffer.in_order("memory").take_along_dim(nearest.indices.unsqueeze(-1), dim=1)
    )
