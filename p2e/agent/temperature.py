"""The weight of the entropy."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Temperature(nn.Module):
    """alpha, the weight of the entropy, learned as its logarithm; one a seed."""

    def __init__(self, seeds: int, initial: float, device: torch.device) -> None:
        super().__init__()
        self.log_alpha = nn.Parameter(torch.full((seeds, 1), initial, device=device).log())

    def forward(self) -> Float[Tensor, "S 1"]:
        return self.log_alpha.exp()
