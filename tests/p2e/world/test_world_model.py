"""World model and world loss: sequences and single steps, episode borders, gradients, learning."""

import pytest
import torch
from torch import Tensor

from p2e.batch import SequenceBatch
from p2e.nn.generators import SeedGenerators
from p2e.nn.optimizer import SeedOptimizer
from p2e.world.feature_extractor import FEATURES, FeatureExtractor
from p2e.world.world_loss import flatten_time, world_loss
from p2e.world.world_model import WorldModel

SEEDS, OBSERVATION, ACTION, LATENT, MEMORY = 2, 3, 1, 8, 6


@pytest.fixture
def model() -> WorldModel:
    generators = SeedGenerators(range(SEEDS), "test world")
    return WorldModel(OBSERVATION, ACTION, LATENT, MEMORY, [16], generators)


def random_batch(steps: int = 4, rows: int = 5, seed: int = 0) -> SequenceBatch:
    """A linear world: the next observation is half the observation plus the action."""
    draws = SeedGenerators([seed + i for i in range(SEEDS)], "test data")
    observation = draws.normal(steps, rows, OBSERVATION)
    action = draws.uniform(-1.0, 1.0, steps, rows, ACTION)
    first = torch.zeros(SEEDS, steps, rows, dtype=torch.bool)
    return SequenceBatch(
        observation,
        action,
        observation[..., 0],
        0.5 * observation + action,
        (observation[..., 0] > 1).float(),
        first,
        draws.normal(rows, MEMORY),
    )


def test_a_sequence_is_its_single_steps(model: WorldModel) -> None:
    batch = random_batch()
    latent = model.encode(batch.observation.flatten(1, 2)).unflatten(1, (4, 5))
    before, after = model.remember_sequence(latent, batch.action, batch.first, batch.memory)
    memory = batch.memory
    for t in range(4):
        torch.testing.assert_close(before[:, t], memory)
        _, memory = model.step(latent[:, t], batch.action[:, t], memory)
        torch.testing.assert_close(after[:, t], memory)


def test_memory_does_not_cross_the_border_of_an_episode(model: WorldModel) -> None:
    batch = random_batch()
    first = batch.first.clone()
    first[:, 2] = True
    latent = model.encode(batch.observation.flatten(1, 2)).unflatten(1, (4, 5))
    before, after = model.remember_sequence(latent, batch.action, first, batch.memory)
    assert torch.equal(before[:, 2], torch.zeros_like(batch.memory))
    changed = latent.clone()
    changed[:, :2] += 1.0
    _, after_changed = model.remember_sequence(changed, batch.action, first, batch.memory + 1)
    assert torch.equal(after[:, 2:], after_changed[:, 2:])
    assert not torch.equal(after[:, :2], after_changed[:, :2])


def test_latents_have_a_fixed_scale(model: WorldModel) -> None:
    latent = model.encode(100 * torch.randn(SEEDS, 7, OBSERVATION))
    torch.testing.assert_close(latent.mean(-1), torch.zeros(SEEDS, 7), atol=1e-5, rtol=0)
    torch.testing.assert_close(
        latent.var(-1, correction=0), torch.ones(SEEDS, 7), atol=1e-3, rtol=0
    )


def test_the_forward_target_takes_no_gradient(model: WorldModel) -> None:
    """With the reconstruction of s' taken out, nothing may flow into the encoder through s'."""
    batch = random_batch(steps=1)
    reached = batch.next_observation.clone().requires_grad_(True)
    losses, _, _ = world_loss(model, batch._replace(next_observation=reached))
    with torch.no_grad():
        target = model.encode(reached.flatten(1, 2))
    losses.sum().backward()
    assert reached.grad is not None
    # The only path left is the reconstruction target, which is linear in s'.
    rows = flatten_time(batch)
    latent = model.encode(rows.observation)
    prediction, _ = model.step(latent, rows.action, batch.memory)
    error = model.decoder(prediction.next_latent) - rows.next_observation
    torch.testing.assert_close(
        reached.grad.flatten(1, 2), -2 * error.detach() / error[0].numel(), atol=1e-6, rtol=1e-4
    )
    assert target.shape == latent.shape


def test_changes_are_predicted_and_weighed_in_units_of_a_step(model: WorldModel) -> None:
    """Ten times the unit gives ten times the predicted change and a hundredth of the loss."""
    batch = random_batch(steps=1)
    rows = flatten_time(batch)
    latent, memory = model.encode(rows.observation), torch.zeros(SEEDS, 5, MEMORY)
    head = model.head(torch.cat([memory, latent, rows.action], dim=-1))[..., :LATENT]
    _, before, _ = world_loss(model, batch)
    for scale in (model.latent_change, model.observation_change):
        scale.square.fill_(100.0)
        scale.weight.fill_(1.0)
    change = model.predict(latent, rows.action, memory).next_latent - latent
    moved = latent + 10 * head
    expected = (moved - moved.mean(-1, keepdim=True)) / moved.std(-1, correction=0, keepdim=True)
    torch.testing.assert_close(change + latent, expected, rtol=1e-3, atol=1e-3)
    _, after, _ = world_loss(model, batch)
    torch.testing.assert_close(after["reconstruction_loss"] * 100, before["reconstruction_loss"])


def test_the_decoder_learns_from_what_was_seen_where_it_is_right_about_what_is_reached(
    model: WorldModel,
) -> None:
    batch = random_batch(steps=1)
    prediction, _ = model.step(*start_of(model, batch))
    reached = model.decode(prediction.next_latent).detach().unsqueeze(1)
    losses, metrics, _ = world_loss(model, batch._replace(next_observation=reached))
    assert metrics["prediction_loss"].max() < 1e-8
    (gradient,) = torch.autograd.grad(losses.sum(), [model.decoder.network.weights])
    assert (gradient.abs().amax(dim=1) > 1e-4).all()


def test_latents_are_predicted_even_where_nothing_is_decoded(model: WorldModel) -> None:
    with torch.no_grad():
        model.decoder.network.layers[-1].weight.zero_()
    losses, _, _ = world_loss(model, random_batch())
    (gradient,) = torch.autograd.grad(losses.sum(), [model.head.weights])
    of_latents = model.head.as_layers(gradient)[-1].bias[..., :LATENT]
    assert (of_latents.abs().amax(dim=(1, 2)) > 1e-4).all()


def test_reward_heads_read_the_observation_that_is_predicted(model: WorldModel) -> None:
    batch = random_batch()
    model.reward_range.update(torch.tensor([[-4.0, 4.0]]).expand(SEEDS, 2))
    latent, action, memory = start_of(model, batch)
    prediction, _ = model.step(latent, action, memory)
    reached = model.normalizer(model.decode(prediction.next_latent))
    logits = model.reward_heads.predict_each(torch.cat([reached, action], dim=-1)).squeeze(-1)
    expected = model.reward_range.at(torch.sigmoid(logits).mean(dim=1))
    found = model.reward(model.decoder(prediction.next_latent), action)
    torch.testing.assert_close(found, expected)


def test_only_reward_heads_learn_nothing_from_the_world_loss(model: WorldModel) -> None:
    losses, _, _ = world_loss(model, random_batch())
    of_heads, others = [*model.reward_heads.parameters()], [*model.parts_of_the_world_loss()]
    gradients = torch.autograd.grad(losses.sum(), of_heads + others, allow_unused=True)
    assert set(gradients[: len(of_heads)]) == {None}
    assert not any(gradient is None for gradient in gradients[len(of_heads) :])
    assert len(of_heads) + len(others) == len([*model.parameters()])


def start_of(model: WorldModel, batch: SequenceBatch) -> tuple[Tensor, Tensor, Tensor]:
    return model.encode(batch.observation[:, 0]), batch.action[:, 0], batch.memory


def test_states_are_aligned_with_the_batch(model: WorldModel) -> None:
    batch = random_batch()
    _, _, states = world_loss(model, batch)
    torch.testing.assert_close(states.latent, model.encode(batch.observation.flatten(1, 2)))
    torch.testing.assert_close(
        states.next_latent, model.encode(batch.next_observation.flatten(1, 2))
    )
    assert torch.equal(states.reward, batch.reward.flatten(1))
    assert torch.equal(states.terminated, batch.terminated.flatten(1))
    _, after = model.step(states.latent, states.action, states.memory)
    torch.testing.assert_close(states.next_memory, after)
    assert not any(field.requires_grad for field in states)


def train(model: WorldModel, batches: list[SequenceBatch]) -> list[Tensor]:
    optimizer = SeedOptimizer(model.parts_of_the_world_loss(), 3e-3, clip_norm=1.0)
    history = []
    for batch in batches:
        losses, _, _ = world_loss(model, batch)
        optimizer.step(losses)
        history.append(losses.detach())
    return history


def test_it_learns_a_linear_world(model: WorldModel) -> None:
    losses = train(model, [random_batch(rows=32, seed=10 * i) for i in range(200)])
    assert (losses[-1] < 0.25 * losses[0]).all()
    batch = random_batch(rows=200, seed=5000)
    rows = flatten_time(batch)
    latent = model.encode(rows.observation)
    prediction, _ = model.step(latent, rows.action, torch.zeros(SEEDS, 800, MEMORY))
    error = (model.decode(prediction.next_latent) - rows.next_observation).square().mean()
    spread = rows.next_observation.var()
    assert error < 0.2 * spread, "the predicted next observation explains most of the variance"
    ended = (prediction.terminated > 0.5) == rows.terminated.bool()
    assert ended.float().mean() > 0.9, "one step in six is an end"


def test_seeds_do_not_touch() -> None:
    results = []
    for shift in (0.0, 1.0):
        model = WorldModel(
            OBSERVATION, ACTION, LATENT, MEMORY, [16], SeedGenerators(range(SEEDS), "test world")
        )
        batches = []
        for i in range(3):
            batch = random_batch(seed=10 * i)
            observation = batch.observation.clone()
            observation[0] += shift
            batches.append(batch._replace(observation=observation))
        train(model, batches)
        results.append([p.detach().clone() for p in model.parameters()])
    assert all(torch.equal(a[1], b[1]) for a, b in zip(*results, strict=True))
    assert not all(torch.equal(a[0], b[0]) for a, b in zip(*results, strict=True))


@pytest.mark.parametrize("kind", FEATURES)
def test_features_carry_no_gradient(model: WorldModel, kind: str) -> None:
    features = FeatureExtractor(model, kind)
    latent = model.encode(torch.randn(SEEDS, 4, OBSERVATION))
    memory = torch.randn(SEEDS, 4, MEMORY)
    seen = features.of_state(latent, memory)
    assert latent.requires_grad
    assert not seen.requires_grad
    assert seen.shape == (SEEDS, 4, features.size)
    assert torch.equal(seen[..., LATENT : LATENT + MEMORY], memory)


def test_features_end_with_the_observation_as_it_is_or_as_it_is_decoded(model: WorldModel) -> None:
    features, draws = FeatureExtractor(model, "latent+observation"), SeedGenerators([0, 1], "rows")
    model.normalizer.update(3 + 2 * draws.normal(50, OBSERVATION))
    observation, memory = 3 + 9 * draws.normal(20, OBSERVATION), draws.normal(20, MEMORY)
    seen, latent = model.normalizer(observation), model.encode(observation)
    assert seen.abs().max() > 5.0
    of_observation = features.of_observation(observation, memory)
    assert torch.equal(of_observation[..., LATENT + MEMORY :], seen.clamp(-5.0, 5.0))
    of_state = features.of_state(latent, memory)
    torch.testing.assert_close(of_state[..., LATENT + MEMORY :], model.decoder(latent))
    torch.testing.assert_close(of_state[..., : LATENT + MEMORY], of_observation[..., :-OBSERVATION])
    without = FeatureExtractor(model).of_observation(observation, memory)
    assert torch.equal(without, of_observation[..., : LATENT + MEMORY])
