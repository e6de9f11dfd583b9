"""Imagined trajectories that start where the last ones ended, and so reach beyond the horizon.

Trajectories of ten steps start from states that the explorer passed, mostly at speed. Where a
policy that learns in the world model alone would come to rest is hardly among them, above all the
places just beside a goal: there its critics promise the value of the goal itself, and moving on is
worth only one hundredth more than staying. A policy that acts in the world is corrected there by
its rewards; this one has to imagine them.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.exploration.latent_imagination import LatentImagination, together
from p2e.nn.generators import SeedGenerators
from p2e.replay.buffers import Fields, RowBuffer
from p2e.world.imagination import Starts

# Share of the trajectories that could go on and start from a given state all the same: model errors
# add up, so that after ten horizons most have started again.
RESTARTED = 0.1
# Share of the task policy's trajectories that go on. They replace random starts first, promising
# ones when no others are left.
CONTINUED_SHARE = 0.5


class ContinuedStarts:
    """Keeps where a policy's trajectories ended; a share of the next ones starts there."""

    def __init__(self) -> None:
        self._ends: list[Tensor] = []  # latents and memories; empty before the first imagination

    def instead_of(self, starts: Starts, generators: SeedGenerators) -> Starts:
        """These starts, the first of them replaced by ends of the last imagination."""
        if not self._ends:
            return starts
        latent, memory = starts
        number = min(self._number(latent), self._ends[0].shape[1])
        goes_on = (generators.uniform(0.0, 1.0, number) >= RESTARTED).unsqueeze(-1)
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
        return round(starts.shape[1] * CONTINUED_SHARE)


class ContinuedImagination(LatentImagination):
    """Imagination in which a share of the task policy's trajectories goes on.

    What is kept between imaginations is no part of the state.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._continued = ContinuedStarts()

    def roll_out(self, states: Starts, replay: RowBuffer) -> Fields:
        steps = super().roll_out(states, replay)
        self._continued.keep(*(end[:, self._first_of_task :] for end in self._ends))
        return steps

    def _choose_starts(self, states: Starts, replay: RowBuffer) -> Starts:
        latent, memory = super()._choose_starts(states, replay)
        first = self._first_of_task
        of_task = self._continued.instead_of((latent[:, first:], memory[:, first:]), self.starts)
        return together([(latent[:, :first], memory[:, :first]), of_task])

    @property
    def _first_of_task(self) -> int:
        """The number of the task policy's first trajectory; its are the last."""
        return sum(self.trajectories) - self.trajectories.task
