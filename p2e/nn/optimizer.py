"""Adam over stacked seeds: the one place where the losses of seeds are summed.

The seeds share no weights, so the gradient of the sum is each seed's own gradient, and Adam works
element by element. Clipping does not: one norm over everything would couple the seeds, so each
seed's gradient is clipped by its own norm.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from p2e.batch import require_shape
from p2e.nn.compilation import runs_in_cpp
from p2e.nn.native.adam import adam_step as native_adam_step


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

Rate = float | Tensor  # a tensor without dimensions where it changes within a compiled update

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


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


def adam_step(
    parameter: Tensor, gradient: Tensor, mean: Tensor, square: Tensor, step: Tensor, rate: Rate
) -> None:
    """Adam (Kingma & Ba 2015, algorithm 1), in place.

    Args:
        mean, square: running means of the gradient and of its square.
        step: updates made, this one included.
    """
    if torch.compiler.is_compiling():  # the compiler fuses these itself, and knows no fused kernel
        mean.lerp_(gradient, 1 - BETA1)
        square.lerp_(gradient.square(), 1 - BETA2)
        deviation = (square / (1 - BETA2**step)).sqrt() + EPSILON
        parameter.sub_(rate / (1 - BETA1**step) * mean / deviation)
        return
    # What torch.optim.Adam(fused=True) calls, without the two hundred microseconds around it. The
    # kernel walks raw memory: on an expanded gradient it would read beyond it.
    torch._fused_adam_(
        [parameter],
        [gradient.contiguous()],
        [mean],
        [square],
        [],
        [step],
        lr=rate,
        beta1=BETA1,
        beta2=BETA2,
        weight_decay=0.0,
        eps=EPSILON,
        amsgrad=False,
        maximize=False,
    )


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
        self.weight_decays = weight_decays and [
            decay.expand(parameter.shape).contiguous()
            for decay, parameter in zip(weight_decays, self.parameters, strict=True)
        ]
        self.updates = 0
        self._means = [torch.zeros_like(parameter.data) for parameter in self.parameters]
        self._squares = [torch.zeros_like(mean) for mean in self._means]
        self._step = torch.zeros((), device=self.parameters[0].device)

    def only_parameter(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The parameter, running means of its gradient and of the gradient's square, and the
        updates made: their own memory. For an optimiser of one parameter without decay."""
        (parameter,), (mean,), (square,) = self.parameters, self._means, self._squares
        assert self.weight_decays is None
        return parameter, mean, square, self._step

    @property
    def rate_factor(self) -> float:
        """What the schedule makes of the learning rate in the next `step`."""
        return self.schedule.factor(self.updates)

    @contextmanager
    def keep_schedule(self) -> Iterator[None]:
        """Updates made within do not count for the learning rate of those that come after."""
        updates = self.updates
        yield
        self.updates = updates

    def step(self, losses: Float[Tensor, " S"]) -> Float[Tensor, " S"]:
        """One update from one loss a seed. Returns each seed's gradient norm before clipping."""
        return self.follow(torch.autograd.grad(losses.sum(), self.parameters))

    def follow(self, gradients: Sequence[Tensor]) -> Float[Tensor, " S"]:
        """One update from gradients that are known. Returns each seed's norm before clipping."""
        norms = self.descend(gradients, self.rate_factor)
        self.updates += 1
        return norms

    @torch.no_grad()
    def descend(self, gradients: Sequence[Tensor], rate_factor: Rate = 1.0) -> Float[Tensor, " S"]:
        """One update from the gradients, on tensors only, so that it can be compiled.

        Returns each seed's gradient norm before clipping.
        """
        if runs_in_cpp(self.parameters[0]) and not isinstance(rate_factor, Tensor):
            return self._descend_in_cpp(gradients, self.learning_rate * rate_factor)
        norms = gradient_norms(gradients)
        if self.clip_norm is not None:
            gradients = clipped(gradients, norms, self.clip_norm)
        parameters: list[Tensor] = [*self.parameters]
        rate = self.learning_rate * rate_factor
        if self.weight_decays is not None:
            decayed = zip(gradients, parameters, self.weight_decays, strict=True)
            gradients = [g.addcmul(parameter, decay) for g, parameter, decay in decayed]
        self._step += 1
        for parameter, gradient, mean, square in zip(
            parameters, gradients, self._means, self._squares, strict=True
        ):
            adam_step(parameter, gradient, mean, square, self._step, rate)
        return norms

    def _descend_in_cpp(self, gradients: Sequence[Tensor], rate: float) -> Float[Tensor, " S"]:
        none: list[Tensor | None] = [None] * len(self.parameters)
        return native_adam_step(
            self.parameters,
            gradients,
            self._means,
            self._squares,
            self.weight_decays or none,
            self._step,
            rate,
            self.clip_norm,
        )

    def state_dict(self) -> dict[str, Any]:
        return {
            "means": self._means,
            "squares": self._squares,
            "step": self._step,
            "updates": self.updates,
        }

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, Any]) -> None:
        own = (*self._means, *self._squares, self._step)
        saved = (*state["means"], *state["squares"], state["step"])
        for tensor, value in zip(own, saved, strict=True):
            require_shape("saved state of the optimiser", value, tuple(tensor.shape))
            tensor.copy_(value)
        self.updates = state["updates"]
