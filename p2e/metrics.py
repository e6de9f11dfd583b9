"""Metrics: returned by the parts, one value a seed, never logged from inside."""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

Metrics = dict[str, Tensor]  # name -> (S,)


class DivergenceError(RuntimeError):
    """A quantity stopped being a finite number; the message names step, seed and quantity."""


def require_finite(values: Mapping[str, Sequence[float]], seeds: Sequence[int], step: int) -> None:
    """Check one value a seed of each metric.

    Raises:
        DivergenceError: for the first that is not finite.
    """
    for row, seed in enumerate(seeds):
        for name, of_seeds in values.items():
            if not math.isfinite(of_seeds[row]):
                raise DivergenceError(
                    f"training diverged at step {step}, seed {seed}: "
                    f"'{name}' is {of_seeds[row]}, expected a finite number"
                )


def with_prefix(prefix: str, metrics: Metrics) -> Metrics:
    """The same metrics under names that say whose they are."""
    return {f"{prefix}_{name}": value for name, value in metrics.items()}


class MetricsAverage:
    """Running means of metrics on their own device: no synchronisation until they are read."""

    def __init__(self) -> None:
        self._sums: Metrics = {}
        self._counts: dict[str, int] = {}

    @torch.no_grad()
    def add(self, metrics: Metrics) -> None:
        """Take one more value of each metric, of shape (S,)."""
        known = [name for name in metrics if name in self._sums]
        if known:  # one operation for all
            torch._foreach_add_([self._sums[name] for name in known], [metrics[n] for n in known])
        for name, value in metrics.items():
            if name not in self._sums:
                self._sums[name] = value.detach().clone()
            self._counts[name] = self._counts.get(name, 0) + 1

    def means(self) -> dict[str, list[float]]:
        """Name -> one mean a seed, over all values added since the last reset."""
        return {name: (total / self._counts[name]).tolist() for name, total in self._sums.items()}

    def reset(self) -> None:
        self._sums, self._counts = {}, {}

    def state_dict(self) -> dict[str, object]:
        return {"sums": dict(self._sums), "counts": dict(self._counts)}

    def load_state_dict(self, state: dict[str, dict[str, object]]) -> None:
        self._sums = {name: torch.as_tensor(value) for name, value in state["sums"].items()}
        self._counts = {name: int(str(count)) for name, count in state["counts"].items()}
