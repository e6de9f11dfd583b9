"""Backtracking line search within a trust region (Schulman et al. 2015, appendix C)."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

# Parameters (S, P) to the KL divergence from the old policy and the surrogate's improvement on it,
# each (S,).
Trial = Callable[[Tensor], tuple[Tensor, Tensor]]


class Found(NamedTuple):
    """Where the search of each seed ended."""

    vector: Float[Tensor, "S P"]  # the start where it failed
    kl: Float[Tensor, " S"]  # these two are 0 where it failed
    improvement: Float[Tensor, " S"]
    tries: Float[Tensor, " S"]  # the number of the accepted try, from 1 on; 0 where none was


def line_search(
    trial: Trial,
    start: Float[Tensor, "S P"],
    step: Float[Tensor, "S P"],
    max_kl: float,
    factor: float,
    tries: int,
) -> Found:
    """The longest of the steps `factor^k step`, k = 0, 1, ..., that each seed can accept.

    A step is accepted if the KL divergence is at most `max_kl` and the surrogate gets better, both
    computed and not approximated. What is not a number is not accepted.
    """
    nothing = torch.zeros_like(start[:, 0])
    found = Found(start, nothing, nothing, nothing)
    for count in range(1, tries + 1):
        vector = start + factor ** (count - 1) * step
        kl, improvement = trial(vector)
        accepted = (found.tries == 0) & (kl <= max_kl) & (improvement > 0)
        found = Found(
            torch.where(accepted.unsqueeze(1), vector, found.vector),
            torch.where(accepted, kl, found.kl),
            torch.where(accepted, improvement, found.improvement),
            torch.where(accepted, float(count), found.tries),
        )
        if bool((found.tries > 0).all()):
            break
    return found
