"""Exploration coverage: how often each cell of a 2-D projection of the state was visited."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch


@dataclass(frozen=True)
class CoverageGrid:
    """The grid of a projection of observations (..., O) onto two numbers (..., 2)."""

    project: Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float64]]
    low: tuple[float, float]
    high: tuple[float, float]
    bins: int

    def cells(self, observations: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
        """Cell indices (..., 2) of observations (..., O); values outside go to the edge cells."""
        low, high = np.asarray(self.low), np.asarray(self.high)
        scaled = (self.project(observations) - low) / (high - low) * self.bins
        return np.clip(np.floor(scaled), 0, self.bins - 1).astype(np.int64)


class Coverage:
    """Cumulative visit counts of each seed, with a snapshot kept at each evaluation."""

    def __init__(self, grid: CoverageGrid, seeds: int) -> None:
        self._grid = grid
        self.counts = np.zeros((seeds, grid.bins, grid.bins), dtype=np.int32)
        self.snapshots: list[npt.NDArray[np.int32]] = []
        self.steps: list[int] = []

    def visit(self, observations: npt.NDArray[np.float32]) -> None:
        """Count one observation (S, O) of each seed."""
        for seed, (i, j) in enumerate(self._grid.cells(observations)):
            self.counts[seed, i, j] += 1

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
        self.counts = state["counts"].numpy().copy()
        self.snapshots = [counts.numpy() for counts in state["snapshots"]]
        self.steps = list(state["steps"])

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """counts (snapshots, S, bins, bins) and steps (snapshots,)."""
        return {"counts": np.stack(self.snapshots), "steps": np.asarray(self.steps, np.int64)}
