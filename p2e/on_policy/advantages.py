"""Generalised advantage estimation (Schulman et al. 2016, arXiv:1506.02438)."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

SMALLEST_DEVIATION = 1e-8


def advantages(
    reward: Float[Tensor, "S T"],
    value: Float[Tensor, "S T"],
    next_value: Float[Tensor, "S T"],
    terminated: Bool[Tensor, "S T"],
    ended: Bool[Tensor, "S T"],
    discount: float,
    decay: float,
) -> Float[Tensor, "S T"]:
    """How much more each step of consecutive ones was worth than expected, in units of reward.

    With residuals `delta_t = r_t + gamma V(s_t+1) - V(s_t)`, the sum over l of
    `(gamma lambda)^l delta_t+l` within the episode (equation 16). Where the task ended, V(s_t+1)
    is 0. Where an episode was only cut off, at a time limit or at the end of the rollout, it is the
    value of the observation that was reached.

    Args:
        value, next_value: of each step's observation, and of the observation that it reached.
        ended: whether the episode ends with this step, by termination or truncation. For a return
            that goes on across episodes both flags are False everywhere.
        discount: gamma.
        decay: lambda, of the sum: 0 for one residual, 1 for the whole discounted return.
    """
    delta = reward + discount * next_value.masked_fill(terminated, 0.0) - value
    factor = (discount * decay) * (~(ended | terminated)).to(delta.dtype)
    result = torch.empty_like(delta)
    following = torch.zeros_like(delta[:, 0])
    for step in reversed(range(delta.shape[1])):
        following = delta[:, step] + factor[:, step] * following
        result[:, step] = following
    return result


def standardised(advantage: Float[Tensor, "S T"]) -> Float[Tensor, "S T"]:
    """Each seed's with mean 0 and standard deviation 1; all 0 where they are equal."""
    deviation, mean = torch.std_mean(advantage, dim=1, keepdim=True)
    return (advantage - mean) / (deviation + SMALLEST_DEVIATION)


def explained_variance(
    value: Float[Tensor, "S T"], target: Float[Tensor, "S T"]
) -> Float[Tensor, " S"]:
    """The share of the targets' variance that the values account for: 1 for all of it, 0 for none;
    below 0 where the values are worse than a constant. 0 where the targets do not vary."""
    variance = target.var(dim=1)
    unexplained = (target - value).var(dim=1) / torch.where(variance > 0, variance, 1.0)
    return torch.where(variance > 0, 1.0 - unexplained, 0.0)
