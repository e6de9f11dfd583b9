"""Mixed batches: a stated share of real and of imagined rows in every batch."""

from collections.abc import Callable

import torch

from p2e.replay.buffers import Fields

Draw = Callable[[int], Fields]  # so many rows of each seed: name -> (S, rows, width)


class MixedBatch:
    """Draws batches of which a share of the rows is real and the others are imagined.

    The share holds for every batch, rounded to whole rows. (To choose each batch's source by a coin
    flip would give the same mean share and a wrong variance.)

    Args:
        real, imagined: where the rows come from. The batch has the fields that both have.
        real_share: from 0 to 1.
    """

    def __init__(self, real: Draw, imagined: Draw, real_share: float) -> None:
        self._real, self._imagined, self._real_share = real, imagined, real_share

    def draw(self, size: int) -> Fields:
        """A batch of `size` rows of each seed, the real ones first: name -> (S, size, width)."""
        real = self.real_rows(size)
        if real == size:
            return self._real(size)
        if real == 0:
            return self._imagined(size)
        first, second = self._real(real), self._imagined(size - real)
        return {
            name: torch.cat([first[name], second[name]], dim=1) for name in second if name in first
        }

    def real_rows(self, size: int) -> int:
        """How many rows of a batch of this size are real."""
        return round(size * self._real_share)
