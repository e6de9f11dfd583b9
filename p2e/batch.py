"""What flows between the parts: transitions, batches of rows, and sequences."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor


class Transition(NamedTuple):
    """One environment step of every seed, as the training loop hands it to an algorithm."""

    observation: Float[Tensor, "S O"]
    action: Float[Tensor, "S A"]  # in [-1, 1]
    reward: Float[Tensor, " S"]
    next_observation: Float[Tensor, "S O"]  # what was reached, before any reset
    terminated: Bool[Tensor, " S"]  # the task ended here: nothing to bootstrap from
    first: Bool[Tensor, " S"]  # the observation is the first of its episode
    memory: Float[Tensor, "S M"]  # the acting policy's recurrent memory before this step

    def to(self, device: torch.device) -> "Transition":
        """The same on this device."""
        return Transition(*(field.to(device, non_blocking=True) for field in self))


class TransitionBatch(NamedTuple):
    """Rows for one update of the agent. `observation` is whatever the agent sees: the raw
    observation for SAC and MBPO, latent features for Plan2Explore."""

    observation: Float[Tensor, "S B F"]
    action: Float[Tensor, "S B A"]
    reward: Float[Tensor, "S B"]
    next_observation: Float[Tensor, "S B F"]
    terminated: Float[Tensor, "S B"]  # probability that the task ended: 0 or 1 in real rows


class SequenceBatch(NamedTuple):
    """Consecutive transitions from the replay buffer, for training a recurrent world model."""

    observation: Float[Tensor, "S T B O"]
    action: Float[Tensor, "S T B A"]
    reward: Float[Tensor, "S T B"]
    next_observation: Float[Tensor, "S T B O"]
    terminated: Float[Tensor, "S T B"]
    first: Bool[Tensor, "S T B"]  # the recurrent memory starts from zero here
    memory: Float[Tensor, "S B M"]  # the stored memory before the first step


def require_shape(name: str, tensor: Tensor, expected: tuple[int, ...]) -> None:
    """Check a shape at a boundary of the package.

    Raises:
        ValueError: naming the tensor, its shape, and the expected one.
    """
    if tuple(tensor.shape) != expected:
        raise ValueError(f"{name} has shape {tuple(tensor.shape)}, expected {expected}")


def concatenate_rows(batches: list[TransitionBatch]) -> TransitionBatch:
    """Batches one after the other along the row axis."""
    return TransitionBatch(*(torch.cat(field, dim=1) for field in zip(*batches, strict=True)))


def pick_rows(x: Float[Tensor, "S B F"], rows: Int64[Tensor, "S R"]) -> Float[Tensor, "S R F"]:
    """The given rows of each seed."""
    return x.gather(1, rows.unsqueeze(-1).expand(-1, -1, x.shape[-1]))


def rows_for_each(x: Float[Tensor, "S B F"], members: int) -> Float[Tensor, "S E B F"]:
    """The same rows for every member, without a copy."""
    return x.unsqueeze(1).expand(-1, members, -1, -1)
