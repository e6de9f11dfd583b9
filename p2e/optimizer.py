"""Adam over stacked seeds: the one place where the losses of seeds are summed.

The seeds share no weights, so the gradient of the sum is each seed's own gradient, and Adam works
element by element. Clipping does not: one norm over everything would couple the seeds, so each
seed's gradient is clipped by its own norm.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn


@dataclass(frozen=True)
class LearningRateSchedule:
    """Linear warm-up, then half a cosine down to `final_fraction` at `total_updates`.

    With `total_updates` None the rate stays where the warm-up leaves it.
    """

    warmup_updates: int = 0
    total_updates: int | None = None
    final_fraction: float = 0.1

    def factor(self, update: int) -> float:
        """What the learning rate is multiplied by at this update (counted from 0)."""
        if update < self.warmup_updates:
            return (update + 1) / self.warmup_updates
        if self.total_updates is None:
            return 1.0
        span = max(1, self.total_updates - self.warmup_updates)
        progress = min(1.0, (update - self.warmup_updates) / span)
        cosine = 0.5 * (1 + math.cos(math.pi * progress))
        return self.final_fraction + (1 - self.final_fraction) * cosine


CONSTANT = LearningRateSchedule()


def gradient_norms(gradients: Sequence[Tensor]) -> Float[Tensor, " S"]:
    """The norm of each seed's gradient over all its parameters; each tensor is (S, ...)."""
    norms = torch.stack([gradient.flatten(1).norm(dim=1) for gradient in gradients])
    total: Tensor = torch.linalg.vector_norm(norms, dim=0)
    return total


class SeedOptimizer:
    """Adam (Kingma & Ba 2015) with per-seed gradient clipping and a learning-rate schedule.

    Args:
        parameters: parameters of shape (S, ...), or (parameters, weight decay) groups.
        learning_rate: Adam's step size before the schedule.
        clip_norm: the largest norm a seed's gradient may have; None leaves it as it is.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter] | Sequence[tuple[Iterable[nn.Parameter], float]],
        learning_rate: float,
        clip_norm: float | None = None,
        schedule: LearningRateSchedule = CONSTANT,
    ) -> None:
        groups = [
            {"params": list(entry[0]), "weight_decay": entry[1]}
            if isinstance(entry, tuple)
            else {"params": [entry]}
            for entry in parameters
        ]
        self.parameters = [p for group in groups for p in group["params"]]  # type: ignore[attr-defined]
        self.learning_rate, self.clip_norm, self.schedule = learning_rate, clip_norm, schedule
        self.updates = 0
        groups = groups if "weight_decay" in groups[0] else [{"params": self.parameters}]
        self._adam = torch.optim.Adam(groups, lr=learning_rate, fused=True)

    def step(self, losses: Float[Tensor, " S"]) -> Float[Tensor, " S"]:
        """One update from one loss a seed. Returns each seed's gradient norm before clipping."""
        gradients = torch.autograd.grad(losses.sum(), self.parameters)
        norms = gradient_norms(gradients)
        if self.clip_norm is not None:
            scale = (self.clip_norm / (norms + 1e-6)).clamp(max=1.0)
            # Not in place: two parameters may share one gradient tensor (a sum of two layers).
            gradients = tuple(g * scale.view(-1, *[1] * (g.dim() - 1)) for g in gradients)
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            # The fused kernel walks raw memory: on an expanded gradient it would read beyond it.
            parameter.grad = gradient.contiguous()
        rate = self.learning_rate * self.schedule.factor(self.updates)
        for group in self._adam.param_groups:
            group["lr"] = rate
        self._adam.step()
        self.updates += 1
        return norms

    def state_dict(self) -> dict[str, Any]:
        return {"adam": self._adam.state_dict(), "updates": self.updates}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._adam.load_state_dict(state["adam"])
        self.updates = state["updates"]
