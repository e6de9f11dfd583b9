"""How far each feature of what was observed deviates from its mean."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch


class ObservedSpread:
    """Running mean and standard deviation of each seed's observations (Welford 1962).

    In NumPy and float64: for one row a step that costs a tenth of what PyTorch needs, and a feature
    that never changes has a spread of exactly 0.
    """

    def __init__(self, seeds: int, features: int) -> None:
        self._count = 0
        self._mean = np.zeros((seeds, features))
        self._squares = np.zeros((seeds, features))  # sum of squared deviations from the mean

    def see(self, observation: npt.NDArray[np.float32]) -> None:
        """One more observation (S, O) of each seed."""
        self._count += 1
        before = observation - self._mean
        self._mean += before / self._count
        self._squares += before * (observation - self._mean)

    @property
    def deviation(self) -> npt.NDArray[np.float32]:
        """The standard deviation (S, O) of all that was seen; 0 before the second observation."""
        return np.sqrt(self._squares / max(self._count, 1)).astype(np.float32)

    def state_dict(self) -> dict[str, Any]:
        return {
            "count": self._count,
            "mean": torch.from_numpy(self._mean.copy()),
            "squares": torch.from_numpy(self._squares.copy()),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        found = {name: tuple(state[name].shape) for name in ("mean", "squares")}
        if any(shape != self._mean.shape for shape in found.values()):
            raise ValueError(
                f"the saved spread of observations has shapes {found}, expected {self._mean.shape}"
            )
        self._count = int(state["count"])
        self._mean, self._squares = (state[name].numpy().copy() for name in ("mean", "squares"))
