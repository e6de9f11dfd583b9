"""The range of the rewards that were met, which imagined rewards stay within.

A network that has seen a reward of 100 once, and predicts in symlog, extrapolates to thousands; a
policy inside the model then finds where. A categorical prediction over fixed bins (Hafner et al.
2023) is bounded in the same way.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class RewardRange(nn.Module):
    """The smallest and the largest reward of each of S seeds."""

    low: Tensor
    high: Tensor

    def __init__(self, seeds: int, device: torch.device | str = "cpu") -> None:
        super().__init__()
        self.register_buffer("low", torch.full((seeds, 1), torch.inf, device=device))
        self.register_buffer("high", torch.full((seeds, 1), -torch.inf, device=device))

    @torch.no_grad()
    def update(self, reward: Float[Tensor, "S N"]) -> None:
        """Take in the rewards of one more step."""
        low, high = reward.aminmax(dim=1, keepdim=True)
        torch.minimum(self.low, low, out=self.low)
        torch.maximum(self.high, high, out=self.high)

    def forward(self, reward: Float[Tensor, "S B"]) -> Float[Tensor, "S B"]:
        """Rewards moved into the range; as they are before the first update."""
        met = self.low <= self.high
        return torch.where(met, reward.clamp(self.low, self.high), reward)
