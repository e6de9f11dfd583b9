"""What a suite or a command line may say about a task, without any Python."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from envs import Projection, Task, task
from envs.principal_components import principal_projection
from envs.task import select
from envs.termination import never
from p2e.config import require, require_positive


@dataclass(frozen=True)
class CoverageSettings:
    """The two coordinates of an observation over which visited states are counted.

    Args:
        features: the places of two entries of the flattened observation, counted from 0; an empty
            list counts nothing.
        low: lower bounds of the grid, one a coordinate.
        high: upper bounds of the grid.
        labels: names of the coordinates, with units.
        bins: cells of the grid along each coordinate.
    """

    features: tuple[int, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()
    bins: int = 24

    def __post_init__(self) -> None:
        require(len(self.features) in (0, 2), "coverage.features", self.features, "two or none")
        require(min(self.features, default=0) >= 0, "coverage.features", self.features, "0 or more")
        count = len(self.features)
        require(len(self.low) == count, "coverage.low", self.low, f"{count} numbers")
        above = len(self.high) == count and all(
            high > low for low, high in zip(self.low, self.high, strict=True)
        )
        require(above, "coverage.high", self.high, f"{count} numbers above those of 'low'")
        require(len(self.labels) in (0, count), "coverage.labels", self.labels, f"{count} names")
        require_positive(self, "coverage", "bins")

    def projection(self) -> Projection | None:
        """The declared projection, or None where nothing is counted."""
        if not self.features:
            return None
        first, second = self.features
        labels = self.labels or (f"observation {first}", f"observation {second}")
        return Projection(
            labels=(labels[0], labels[1]),
            low=(self.low[0], self.low[1]),
            high=(self.high[0], self.high[1]),
            bins=self.bins,
            coordinates=select(first, second),
        )


@dataclass(frozen=True)
class TaskSettings:
    """Facts about a task. What is left out is as declared in envs/tasks/, or a default.

    Args:
        horizon: decisions of the agent after which an episode is truncated; by default as many as
            Gymnasium's specification says.
        action_repeat: simulator steps of each decision; 2 for dm_control, else 1.
        sparse: whether the report counts the task as sparse; by default it is dense.
        random_score: return of an episode of random actions.
        reference_score: return that counts as 1 in normalised scores. Without both scores the
            report shows returns alone.
        success_reward: an episode succeeds with a step whose reward is above this.
        terminates: "learned": MBPO learns when episodes end; "never": they are only truncated. By
            default the declared rule, or "learned".
        coverage: of the coordinates over which visited states are counted; by default these are the
            first two principal components of the states that random actions reach.
    """

    horizon: int | None = None
    action_repeat: int | None = None
    sparse: bool | None = None
    random_score: float | None = None
    reference_score: float | None = None
    success_reward: float | None = None
    terminates: str | None = None
    coverage: CoverageSettings | None = None

    def __post_init__(self) -> None:
        for name in ("horizon", "action_repeat"):
            value = getattr(self, name)
            require(value is None or value > 0, f"task.{name}", value, "a number greater than 0")
        known = self.terminates in (None, "learned", "never")
        require(known, "task.terminates", self.terminates, "'learned' or 'never'")
        low, high = self.random_score, self.reference_score
        both = (low is None) == (high is None)
        require(both, "task.reference_score", high, "a number exactly where 'random_score' is one")
        above = low is None or high is None or high > low
        require(above, "task.reference_score", high, "more than 'random_score'")

    def given(self) -> dict[str, Any]:
        """What was given and changes a run, as JSON can hold it."""
        return facts_of_runs({k: v for k, v in dataclasses.asdict(self).items() if v is not None})

    def applied_to(self, environment_id: str) -> Task:
        """The task as declared in envs, with these facts in place of its own.

        Raises:
            InvalidEnvironmentError: for an environment that cannot be used.
        """
        declared = task(environment_id, self.horizon, self.action_repeat)
        changes: dict[str, Any] = {
            name: value
            for name in ("sparse", "random_score", "reference_score")
            if (value := getattr(self, name)) is not None
        }
        if self.reference_score is not None:
            changes["reference_source"] = "Given in the suite."
            changes["idle_score"] = None  # the two given scores are 0 and 1
        if self.terminates is not None:
            changes["terminated"] = never if self.terminates == "never" else None
        if self.success_reward is not None:
            changes["success"] = _RewardAbove(self.success_reward)
            changes["success_description"] = f"A step's reward was above {self.success_reward:g}."
        return dataclasses.replace(declared, **changes)

    def projection_of(self, declared: Task) -> Projection | None:
        """The coordinates over which visited states of the task are counted, if any."""
        if self.coverage is not None:
            return self.coverage.projection()
        return declared.projection or principal_projection(declared)


# These change the report alone: runs stay as they are when a score becomes known.
REPORT_ONLY = ("sparse", "random_score", "reference_score")


def facts_of_runs(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts on which a run depends."""
    return {name: value for name, value in facts.items() if name not in REPORT_ONLY}


@dataclass(frozen=True)
class _RewardAbove:
    """A success condition: the step's reward is above a threshold."""

    threshold: float

    def __call__(
        self,
        next_observation: NDArray[np.float32],
        reward: NDArray[np.float32],
        terminated: NDArray[np.bool_],
    ) -> NDArray[np.bool_]:
        above: NDArray[np.bool_] = reward > self.threshold
        return above
