"""The world loss: reconstruction and forward prediction, jointly."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from p2e.batch import SequenceBatch
from p2e.metrics import Metrics
from p2e.symlog import symlog
from p2e.world_model import Prediction, WorldModel


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
    model: WorldModel, batch: SequenceBatch, unrolled_steps: int = 1
) -> tuple[Float[Tensor, " S"], Metrics, WorldStates]:
    """The loss of each seed, its parts, and the states of the batch.

    Reconstruction: the decoder maps the latent back to its observation, and the predicted next
    latent to the next observation. Forward: the predicted next latent matches the encoder's, which
    takes no gradient from this. All three are in units of how much the feature changes in a step:
    an error that is small beside the whole range may be all that a step changes, and rollouts add
    it up. So is that of the symlog of the reward, in units of its size: where few steps are
    rewarded, and by 1, it would hardly count beside those of the latents; heads apart learn it
    elsewhere. Continuation by cross-entropy. Means over time, rows, features.

    Args:
        unrolled_steps: predicted in a row from one observation; divides the windows' length.
    """
    rows = flatten_time(batch)
    seen, reached = model.normalizer(rows.observation), model.normalizer(rows.next_observation)
    latent = model.encoder(seen)
    with torch.no_grad():
        next_latent = model.encoder(reached)
    latents = latent.unflatten(1, batch.action.shape[1:3])
    before, after = model.remember_sequence(latents, batch.action, batch.first, batch.memory)
    if unrolled_steps == 1:  # as below, but gradients need not be put together from slices
        prediction = model.predict(latent, rows.action, after.flatten(1, 2))
    else:
        prediction = unrolled(model, latents, batch.action, batch.first, after, unrolled_steps)
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
    }
    if model.reward_heads is None:
        parts["reward_loss"] = reward_loss(model, prediction, rows.reward)
    parts["continuation_loss"] = continuation.mean(dim=1)
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


def unrolled(
    model: WorldModel,
    latent: Float[Tensor, "S T B L"],
    action: Float[Tensor, "S T B A"],
    first: Bool[Tensor, "S T B"],
    after: Float[Tensor, "S T B M"],
    steps: int,
) -> Prediction:
    """Predictions (S, T * B) of all steps of the windows, each `steps` of them in a row.

    The first in a row starts from an encoded observation, those after it from the latent and the
    memory that were predicted before, as in imagination: what leads a little astray there would
    otherwise never be seen in training (SPR, Schwarzer et al. 2021; TD-MPC, Hansen et al. 2022). An
    episode's first step starts from its observation in any case.

    Args:
        after: the memory after each step, where the latents are those of observations.
    """
    pieces: list[Prediction] = []
    memory = after[:, ::steps].flatten(1, 2)
    for i in range(steps):
        seen, done, begins = (x[:, i::steps].flatten(1, 2) for x in (latent, action, first))
        if i == 0:
            prediction = model.predict(seen, done, memory)
        else:
            begins = begins.unsqueeze(-1)
            seen = torch.where(begins, seen, prediction.next_latent)
            prediction, memory = model.step(seen, done, memory.masked_fill(begins, 0.0))
        pieces.append(prediction)
    return _in_order(pieces, rows_each=latent.shape[2])


def _in_order(pieces: list[Prediction], rows_each: int) -> Prediction:
    """The i-th steps of all rows of steps, as all steps of the windows one after the other."""

    def merged(parts: tuple[Tensor, ...], axis: int) -> Tensor:
        apart = [part.unflatten(axis, (-1, 1, rows_each)) for part in parts]
        return torch.cat(apart, dim=axis + 1).flatten(axis, axis + 2)

    latents, rewards, continuations = zip(*pieces, strict=True)
    return Prediction(merged(latents, 1), merged(rewards, 1), merged(continuations, 1))


def reward_loss(
    model: WorldModel, prediction: Prediction, reward: Float[Tensor, "S R"]
) -> Float[Tensor, " S"]:
    """The error about the reward's symlog, in units of its size."""
    errors = prediction.symlog_reward - symlog(reward)
    return _mean_square(errors / model.return_change.scale.squeeze(-1))


def flatten_time(batch: SequenceBatch) -> SequenceBatch:
    """Time and rows as one axis: (S, T, B, ...) to (S, T * B, ...); the memory stays."""
    fields = {name: x.flatten(1, 2) for name, x in batch._asdict().items() if name != "memory"}
    return batch._replace(**fields)


def _mean_square(error: Float[Tensor, "S *axes"]) -> Float[Tensor, " S"]:
    return error.square().flatten(1).mean(dim=1)
