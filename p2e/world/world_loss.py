"""The world loss: reconstruction and forward prediction, jointly."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from p2e.batch import SequenceBatch
from p2e.metrics import Metrics
from p2e.world.world_model import WorldModel


class WorldStates(NamedTuple):
    """Where a batch of sequences is in the world model's eyes; no gradient. R = T * B rows."""

    latent: Float[Tensor, "S R L"]
    memory: Float[Tensor, "S R M"]  # before the step
    action: Float[Tensor, "S R A"]
    reward: Float[Tensor, "S R"]
    terminated: Float[Tensor, "S R"]
    next_latent: Float[Tensor, "S R L"]  # of the observation that was reached
    next_memory: Float[Tensor, "S R M"]  # after the step


def world_loss(
    model: WorldModel, batch: SequenceBatch
) -> tuple[Float[Tensor, " S"], Metrics, WorldStates]:
    """The loss of each seed, its parts, and the states of the batch.

    Reconstruction: the decoder maps the latent back to its observation, and the predicted next
    latent to the next observation. Forward: the predicted next latent matches the encoder's, which
    takes no gradient from this. All three are in units of how much the feature changes in a step:
    an error that is small beside the whole range may be all that a step changes, and rollouts add
    it up. Continuation by cross-entropy. Means over time, rows, features. The reward is learned
    separately (reward_learner.py).
    """
    rows = flatten_time(batch)
    seen, reached = model.normalizer(rows.observation), model.normalizer(rows.next_observation)
    latent = model.encoder(seen)
    with torch.no_grad():
        next_latent = model.encoder(reached)
    latents = latent.unflatten(1, batch.action.shape[1:3])
    before, after = model.remember_sequence(latents, batch.action, batch.first, batch.memory)
    prediction = model.predict(latent, rows.action, after.flatten(1, 2))
    decoded_latent, decoded_prediction = model.decoder(
        torch.cat([latent, prediction.next_latent], dim=1)
    ).chunk(2, dim=1)
    continuation = binary_cross_entropy_with_logits(
        prediction.continuation_logit, 1 - rows.terminated, reduction="none"
    )
    change, latent_change = model.observation_change.scale, model.latent_change.scale
    parts = {
        "reconstruction_loss": _mean_square((decoded_latent - seen) / change),
        "prediction_loss": _mean_square((decoded_prediction - reached) / change),
        "forward_loss": _mean_square((prediction.next_latent - next_latent) / latent_change),
        "continuation_loss": continuation.mean(dim=1),
    }
    losses = torch.stack(list(parts.values())).sum(dim=0)
    metrics = {name: part.detach() for name, part in parts.items()}
    states = WorldStates(
        latent.detach(),
        before.flatten(1, 2).detach(),
        rows.action,
        rows.reward,
        rows.terminated,
        next_latent,
        after.flatten(1, 2).detach(),
    )
    return losses, metrics | {"world_loss": losses.detach()}, states


def flatten_time(batch: SequenceBatch) -> SequenceBatch:
    """Time and rows as one axis: (S, T, B, ...) to (S, T * B, ...); the memory stays."""
    fields = {name: x.flatten(1, 2) for name, x in batch._asdict().items() if name != "memory"}
    return batch._replace(**fields)


def _mean_square(error: Float[Tensor, "S *axes"]) -> Float[Tensor, " S"]:
    return error.square().flatten(1).mean(dim=1)
