"""What the training loop and the evaluation need of a vector of environments (numpy arrays)."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]


@runtime_checkable
class Step(Protocol):
    """What one step of R environments gives back."""

    @property
    def next_observation(self) -> FloatArray: ...  # (R, O), before any reset

    @property
    def reward(self) -> FloatArray: ...  # (R,)

    @property
    def terminated(self) -> BoolArray: ...  # (R,)

    @property
    def truncated(self) -> BoolArray: ...  # (R,)

    @property
    def success(self) -> BoolArray: ...  # (R,): has this episode succeeded so far

    @property
    def observation(self) -> FloatArray: ...  # (R, O), to act on next


@runtime_checkable
class VectorEnvironment(Protocol):
    """R environments that reset by themselves; actions in [-1, 1]."""

    @property
    def observation_size(self) -> int: ...

    @property
    def action_size(self) -> int: ...

    def reset(self, seeds: Sequence[int] | None = None) -> FloatArray: ...

    def step(self, actions: FloatArray) -> Step: ...

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any]) -> None: ...
