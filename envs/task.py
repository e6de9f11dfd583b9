"""The facts about a task: scores, success condition, termination, coverage."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

Coordinates = Callable[[NDArray[np.float64]], NDArray[np.float64]]
Success = Callable[[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]], NDArray[np.bool_]]
Termination = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Projection:
    """Two coordinates of an observation, and the grid on which state coverage is counted.

    `labels`, `low` and `high` name the two coordinates, with units, and bound the grid of
    `bins` x `bins` cells. `coordinates` maps observations (..., O) to (..., 2).
    """

    labels: tuple[str, str]
    low: tuple[float, float]
    high: tuple[float, float]
    bins: int
    coordinates: Coordinates

    def __call__(self, observations: NDArray[np.floating]) -> NDArray[np.float64]:
        """Observations (..., O) to coordinates (..., 2), float64, not clipped to the grid."""
        return self.coordinates(np.asarray(observations, dtype=np.float64))

    def cells(self, observations: NDArray[np.floating]) -> NDArray[np.int64]:
        """Observations (..., O) to grid cells (..., 2); outside the grid, the nearest edge cell."""
        low, high = np.asarray(self.low), np.asarray(self.high)
        scaled = (self(observations) - low) / (high - low) * self.bins
        cells: NDArray[np.int64] = np.floor(scaled).clip(0, self.bins - 1).astype(np.int64)
        return cells


def select(first: int, second: int) -> Coordinates:
    """Coordinates that are two entries of the observation."""

    def coordinates(observations: NDArray[np.float64]) -> NDArray[np.float64]:
        return observations[..., [first, second]]

    return coordinates


def rewarded(
    next_observation: NDArray[np.float32],
    reward: NDArray[np.float32],
    terminated: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """The success condition of tasks whose only reward is for success."""
    return reward > 0


@dataclass(frozen=True)
class Task:
    """What the benchmark knows about one environment; None is what nobody has declared.

    `horizon` is in decisions of the agent, each of which lasts `action_repeat` steps of the
    simulator. Scores are undiscounted returns of one episode:
    `random_score` is what the uniform random policy gets (measured by `envs.tools.random_scores`),
    `idle_score` is what actions of 0 get (`--idle` of the same program), given where that is more;
    `reference_score` is what a good policy gets, as `reference_source` explains;
    a normalised score is (return - zero) / (reference_score - zero), where zero is the better of
    `random_score` and `idle_score`. No return is outside of `return_range`.
    `terminated` takes batched torch observations (..., O), actions (..., A) in [-1, 1] and next
    observations (..., O) and returns the simulator's termination flags (...,), bool.
    `success` takes next observations (R, O), rewards (R,) and terminated flags (R,) of one step
    and returns (R,) bool, whether that step satisfies the success condition; None if the task has
    none. An episode succeeds when any of its steps does. `random_successes` is (successes,
    episodes) of the uniform random policy (measured by `envs.tools.random_scores`).
    """

    id: str
    horizon: int
    sparse: bool = False
    description: str = ""
    random_score: float | None = None
    idle_score: float | None = None
    reference_score: float | None = None
    reference_source: str = ""
    return_range: tuple[float, float] | None = None
    success_description: str = "none declared"
    projection: Projection | None = None
    terminated: Termination | None = None
    success: Success | None = None
    random_successes: tuple[int, int] | None = None
    action_repeat: int = 1

    @property
    def slug(self) -> str:
        """The id as one path component."""
        return slug(self.id)


def slug(environment_id: str) -> str:
    """An environment's id as one path component."""
    return environment_id.replace("/", "-").replace(":", "-")
