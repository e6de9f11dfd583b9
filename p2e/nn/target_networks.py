"""Target networks: slow copies that follow the online networks."""

import copy
from typing import TypeVar

import torch
from torch import nn

M = TypeVar("M", bound=nn.Module)


def target_copy(online: M) -> M:
    """A copy of a module that takes no gradient."""
    return copy.deepcopy(online).requires_grad_(False)


@torch.no_grad()
def soft_update(target: nn.Module, online: nn.Module, rate: float) -> None:
    """target <- target + rate * (online - target), in place; `online` is only read.

    Lillicrap et al. 2016 (DDPG); `rate` is their tau.
    """
    torch._foreach_lerp_(list(target.parameters()), list(online.parameters()), rate)
