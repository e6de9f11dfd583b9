"""Learning the reward, beside the rest of the world model."""

from functools import partial

import pytest
import torch
from torch import Tensor

from p2e.nn.generators import SeedGenerators
from p2e.nn.optimizer import SeedOptimizer
from p2e.replay.buffers import RowBuffer, real_fields
from p2e.world import reward_learner
from p2e.world.reward_learner import INPUT_PRICE, ROWS, WITHIN, RewardLearner
from p2e.world.world_model import WorldModel

SEEDS, OBSERVATION, ACTION, LATENT, MEMORY = 2, 3, 1, 8, 6
RATE = 1e-3


def make_learner(rare_share: float = 0.25) -> tuple[WorldModel, RewardLearner]:
    generators = SeedGenerators(range(SEEDS), "test world")
    model = WorldModel(OBSERVATION, ACTION, LATENT, MEMORY, [16], generators)
    draws = SeedGenerators(range(SEEDS), "test rows")
    optimizer = partial(SeedOptimizer, learning_rate=RATE)
    return model, RewardLearner(model, optimizer, rare_share, draws)


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
    """For each parameter, the seeds for which an update changes it."""
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    learner.update(buffer)
    after = dict(model.named_parameters())
    return {n: [not torch.equal(before[n][s], after[n][s]) for s in (0, 1)] for n in before}


def test_a_seed_that_met_one_reward_only_learns_nothing() -> None:
    model, learner = make_learner()
    changes = moved(model, learner, replay_with(model, reward_of_the_second=1.0))
    assert changes.pop("reward_heads.weights") == [False, True]
    assert set(map(tuple, changes.values())) == {(False, False)}


def test_where_no_seed_met_two_rewards_an_update_is_one_without_a_gradient(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, learner = make_learner()
    buffer = replay_with(model, reward_of_the_second=0.0)
    monkeypatch.setattr(model.reward_heads, "loss", None)  # not called
    assert set(map(tuple, moved(model, learner, buffer).values())) == {(False, False)}
    assert learner.optimizer.updates == 1 and learner.states[0].shape == (SEEDS, ROWS, LATENT)


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


def test_the_rare_share_of_the_rows_is_around_rare_rewards() -> None:
    model, learner = make_learner(rare_share=1.0)
    buffer = replay_with(model, reward_of_the_second=1.0)
    learner.update(buffer)
    _, memory = learner.states
    same = memory.unsqueeze(2) == buffer.in_order("memory").unsqueeze(1)
    place = same.all(dim=3).float().argmax(dim=2)
    near = (place - 50).abs() < WITHIN
    assert near[1].all() and not near[0].all()
    assert len(place[1].unique()) == 2 * WITHIN - 1


@pytest.mark.parametrize(
    ("field", "matters"), [("observation", False), ("next_observation", True), ("action", True)]
)
def test_the_heads_read_the_action_and_the_observation_that_it_reached(
    field: str, matters: bool
) -> None:
    learned = []
    for added in (0.0, 1.0):
        model, learner = make_learner()
        buffer = replay_with(model, reward_of_the_second=1.0)
        slots = torch.arange(100).repeat(SEEDS, 1)
        buffer.write(field, slots, buffer.in_order(field) + added)
        learner.update(buffer)
        learned.append(weights_of_the_second(model))
    assert torch.equal(*learned) != matters


def weights_of_the_second(model: WorldModel) -> Tensor:
    """The weights of the heads' first layer, which reads the inputs: (H, in, out)."""
    return model.reward_heads.layers[0].weight.detach()[1].clone()


def test_every_input_of_a_head_has_its_price(monkeypatch: pytest.MonkeyPatch) -> None:
    norms = []
    for price in (0.0, INPUT_PRICE):
        monkeypatch.setattr(reward_learner, "INPUT_PRICE", price)
        model, learner = make_learner()
        learner.update(replay_with(model, reward_of_the_second=1.0))
        norms.append(weights_of_the_second(model).norm(dim=-1))
    free, priced = norms
    torch.testing.assert_close(priced, free - INPUT_PRICE * RATE)
    assert (priced < free).all()
