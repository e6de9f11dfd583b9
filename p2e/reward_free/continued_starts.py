"""Starts of imagination where the last one ended, so that it goes on for longer than its horizon.

Imaginations of ten steps start from what the explorer passed, mostly at speed. Where a policy that
learns in the world model alone would come to rest hardly occurs in them, above all the places just
beside a goal, where its critics promise what they know from the goal itself, and moving on is worth
one hundredth more than staying. A policy that acts in the world is corrected there by what it is
paid; this one has to imagine it. With trajectories that go on, what it learns from is what it does,
at the price of the short ones.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.nn.generators import SeedGenerators

# Of those that could go on: model errors add up, so that after ten horizons most begin anew.
ANEW = 0.1

Starts = tuple[Tensor, Tensor]  # latents (S, B, L) and memories (S, B, M)


class ContinuedStarts:
    """Keeps where a policy's trajectories ended, and lets a share of the next go on from there."""

    def __init__(self, share: float) -> None:
        self._share = share
        self._ends: list[Tensor] = []  # latents and memories; empty before the first imagination

    def instead_of(self, starts: Starts, generators: SeedGenerators) -> Starts:
        """These starts, the first of them replaced by ends of the last imagination."""
        if not self._ends:
            return starts
        latent, memory = starts
        number = min(self._number(latent), self._ends[0].shape[1])
        goes_on = (generators.uniform(0.0, 1.0, number) >= ANEW).unsqueeze(-1)
        latent, memory = (
            torch.cat([torch.where(goes_on, end[:, :number], x[:, :number]), x[:, number:]], dim=1)
            for x, end in zip((latent, memory), self._ends, strict=True)
        )
        return latent, memory

    def keep(self, latent: Float[Tensor, "S B L"], memory: Float[Tensor, "S B M"]) -> None:
        """Where the trajectories that began at such starts have ended."""
        number = self._number(latent)
        self._ends = [latent[:, :number].clone(), memory[:, :number].clone()] if number else []

    def _number(self, starts: Float[Tensor, "S B L"]) -> int:
        return round(starts.shape[1] * self._share)
