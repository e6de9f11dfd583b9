"""Exploration coverage: how often each cell of a 2-D projection of the state was visited."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

MOST_UNCOUNTED = 1000  # visits kept before they are counted

Cells = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.int64]]


class Coverage:
    """Cumulative visit counts of each seed, with a snapshot kept at each evaluation.

    Args:
        cells: observations (..., O) to cell indices (..., 2), each in [0, bins). None counts
            nothing, on a grid of 0 bins.
    """

    def __init__(self, cells: Cells | None, bins: int, seeds: int) -> None:
        self._cells = cells
        self._counts = np.zeros((seeds, bins, bins), dtype=np.int32)
        self._uncounted: list[npt.NDArray[np.float32]] = []
        self.snapshots: list[npt.NDArray[np.int32]] = []
        self.steps: list[int] = []

    def visit(self, observations: npt.NDArray[np.float32]) -> None:
        """Count one observation (S, O) of each seed."""
        # Many at once: one alone costs as much as the simulation of the step that led to it.
        self._uncounted.append(observations.copy())
        if len(self._uncounted) == MOST_UNCOUNTED:
            self._count()

    @property
    def counts(self) -> npt.NDArray[np.int32]:
        """Visits (S, bins, bins) so far."""
        self._count()
        return self._counts

    def _count(self) -> None:
        if self._uncounted and self._cells is not None:
            cells = self._cells(np.stack(self._uncounted, axis=1))  # (S, visits, 2)
            seeds = np.arange(len(cells))[:, None]
            np.add.at(self._counts, (seeds, cells[..., 0], cells[..., 1]), 1)
        self._uncounted.clear()

    def snapshot(self, step: int) -> None:
        """Keep a copy of the counts as they are at this environment step."""
        self.snapshots.append(self.counts.copy())
        self.steps.append(step)

    def state_dict(self) -> dict[str, Any]:
        return {
            "counts": torch.from_numpy(self.counts.copy()),
            "snapshots": [torch.from_numpy(counts) for counts in self.snapshots],
            "steps": list(self.steps),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._counts, self._uncounted = state["counts"].numpy().copy(), []
        self.snapshots = [counts.numpy() for counts in state["snapshots"]]
        self.steps = list(state["steps"])
        if [counts.shape for counts in self.snapshots] != [self.counts.shape] * len(self.steps):
            raise ValueError("the coverage's snapshots do not fit its counts and steps")

    def arrays(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """The counts (snapshots, S, bins, bins), and the steps (snapshots,) of the snapshots."""
        return np.stack(self.snapshots), np.asarray(self.steps, np.int64)
