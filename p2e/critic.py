"""Twin critics (Fujimoto et al. 2018): two action values, side by side on a second leading axis."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from p2e.batched_linear import BatchedMLP
from p2e.generators import SeedGenerators


class TwinCritic(nn.Module):
    """Features (S, B, F) and actions (S, B, A) to two values of each row (S, 2, B)."""

    def __init__(
        self,
        features: int,
        actions: int,
        hidden: Sequence[int],
        generators: SeedGenerators,
        layer_norm: bool = False,
    ) -> None:
        super().__init__()
        sizes = [features + actions, *hidden, 1]
        lead = (len(generators), 2)
        self.network = BatchedMLP(lead, sizes, generators, layer_norm=layer_norm)

    def forward(
        self, features: Float[Tensor, "S B F"], action: Float[Tensor, "S B A"]
    ) -> Float[Tensor, "S 2 B"]:
        rows = torch.cat([features, action], dim=-1).unsqueeze(1).expand(-1, 2, -1, -1)
        values: Tensor = self.network(rows)
        return values.squeeze(-1)
