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

from p2e.batch import require_shape


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
    norms = [torch.linalg.vector_norm(gradient.flatten(1), dim=1) for gradient in gradients]
    total: Tensor = torch.linalg.vector_norm(torch.stack(norms), dim=0) if norms[1:] else norms[0]
    return total


def clipped(gradients: Sequence[Tensor], norms: Float[Tensor, " S"], limit: float) -> list[Tensor]:
    """Each seed's gradients, shortened to a common norm of at most `limit`."""
    scale = (limit / (norms + 1e-6)).clamp(max=1.0)
    # Not in place: two parameters may share one gradient tensor (a sum of two layers).
    return [g * scale.view(-1, *[1] * (g.dim() - 1)) for g in gradients]


class SeedOptimizer:
    """Adam (Kingma & Ba 2015) with per-seed gradient clipping and a learning-rate schedule.

    Args:
        parameters: parameters of shape (S, ...).
        learning_rate: Adam's step size before the schedule.
        clip_norm: the largest norm a seed's gradient may have; None leaves it as it is.
        weight_decays: for each parameter what its elements decay by (added to the gradient after
            the clipping, as torch.optim.Adam does), as a tensor that broadcasts to it; None for
            no decay at all.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        learning_rate: float,
        clip_norm: float | None = None,
        schedule: LearningRateSchedule = CONSTANT,
        weight_decays: Sequence[Tensor] | None = None,
    ) -> None:
        self.parameters = list(parameters)
        self.learning_rate, self.clip_norm, self.schedule = learning_rate, clip_norm, schedule
        self.weight_decays = weight_decays
        self.updates = 0
        # Adam's moments, made at the first update from what the parameters are by then.
        self._means: list[Tensor] = []
        self._squares: list[Tensor] = []
        self._steps: list[Tensor] = []

    def step(self, losses: Float[Tensor, " S"]) -> Float[Tensor, " S"]:
        """One update from one loss a seed. Returns each seed's gradient norm before clipping."""
        return self.apply(torch.autograd.grad(losses.sum(), self.parameters))

    @torch.no_grad()
    def apply(self, gradients: Sequence[Tensor]) -> Float[Tensor, " S"]:
        """One update from the gradients. Returns each seed's gradient norm before clipping."""
        norms = gradient_norms(gradients)
        if self.clip_norm is not None:
            gradients = clipped(gradients, norms, self.clip_norm)
        if self.weight_decays is not None:
            decayed = zip(gradients, self.parameters, self.weight_decays, strict=True)
            gradients = [g.addcmul(parameter, decay) for g, parameter, decay in decayed]
        self._adam(gradients)
        self.updates += 1
        return norms

    def _make_moments(self) -> None:
        self._means, self._squares = (
            [torch.zeros_like(parameter) for parameter in self.parameters] for _ in range(2)
        )
        self._steps = [torch.zeros((), device=p.device) for p in self.parameters]

    def _adam(self, gradients: Sequence[Tensor]) -> None:
        if not self._steps:
            self._make_moments()
        torch._foreach_add_(self._steps, 1)
        # What torch.optim.Adam(fused=True) calls, without the three hundred microseconds around it.
        torch._fused_adam_(
            list[Tensor](self.parameters),
            # The kernel walks raw memory: on an expanded gradient it would read beyond it.
            [gradient.contiguous() for gradient in gradients],
            self._means,
            self._squares,
            [],
            self._steps,
            lr=self.learning_rate * self.schedule.factor(self.updates),
            beta1=0.9,
            beta2=0.999,
            weight_decay=0.0,
            eps=1e-8,
            amsgrad=False,
            maximize=False,
        )

    def state_dict(self) -> dict[str, Any]:
        return {
            "means": self._means,
            "squares": self._squares,
            "steps": self._steps,
            "updates": self.updates,
        }

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.updates = state["updates"]
        if self.updates == 0:
            self._means, self._squares, self._steps = [], [], []
            return
        self._make_moments()
        own = (*self._means, *self._squares, *self._steps)
        saved = (*state["means"], *state["squares"], *state["steps"])
        for tensor, value in zip(own, saved, strict=True):
            require_shape("saved state of the optimiser", value, tuple(tensor.shape))
            tensor.copy_(value)
