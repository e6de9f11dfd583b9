"""The range of the rewards that were met, which imagined rewards stay within.

A network that has seen a reward of 100 once, and predicts in symlog, extrapolates to thousands; a
policy inside the model then finds where. A categorical prediction over fixed bins (Hafner et al.
2023) is bounded in the same way.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from p2e.symlog import symexp, symlog


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
        return torch.where(self._met, reward.clamp(self.low, self.high), reward)

    @property
    def _met(self) -> Bool[Tensor, "S 1"]:
        return self.low <= self.high

    @property
    def differs(self) -> Bool[Tensor, "S 1"]:
        """Whether a seed has met more than one reward."""
        return self.low < self.high

    def share(self, reward: Float[Tensor, "S B"]) -> Float[Tensor, "S B"]:
        """How far from the lowest to the highest these lie, from 0 to 1, on the symlog scale; 0
        where there is no way between them."""
        low, high = self._ends()
        between = symlog(self(reward)) - low
        return torch.where(self.differs, between / (high - low), 0.0)

    def at(self, share: Float[Tensor, "S B"]) -> Float[Tensor, "S B"]:
        """The rewards that lie there; 0 before the first update."""
        low, high = self._ends()
        return symexp(low + share * (high - low))

    def _ends(self) -> tuple[Float[Tensor, "S 1"], Float[Tensor, "S 1"]]:
        """On the symlog scale."""
        low, high = (torch.where(self._met, symlog(end), 0.0) for end in (self.low, self.high))
        return low, high
