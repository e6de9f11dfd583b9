"""The gated recurrent unit (Cho et al. 2014), batched over seeds."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from p2e.nn.batched_linear import BatchedLinear
from p2e.nn.generators import SeedGenerators


class GRUCell(nn.Module):
    """One step of a GRU, the same equations as `torch.nn.GRUCell`, weights (S, in, 3 * memory)."""

    def __init__(self, in_features: int, memory_size: int, generators: SeedGenerators) -> None:
        super().__init__()
        lead = (len(generators),)
        self.memory_size = memory_size
        self.from_input = BatchedLinear(lead, in_features, 3 * memory_size, generators)
        self.from_memory = BatchedLinear(lead, memory_size, 3 * memory_size, generators)

    def forward(
        self, x: Float[Tensor, "S B F"], memory: Float[Tensor, "S B M"]
    ) -> Float[Tensor, "S B M"]:
        """The next memory from one input and the memory before it."""
        return self.step(self.from_input(x), memory)

    def step(
        self, projected: Float[Tensor, "S B P"], memory: Float[Tensor, "S B M"]
    ) -> Float[Tensor, "S B M"]:
        """The next memory from `from_input(x)`, which along a sequence is one product."""
        reset_x, update_x, new_x = projected.chunk(3, dim=-1)
        reset_m, update_m, new_m = self.from_memory(memory).chunk(3, dim=-1)
        reset = torch.sigmoid(reset_x + reset_m)
        update = torch.sigmoid(update_x + update_m)
        candidate = torch.tanh(new_x + reset * new_m)
        return torch.lerp(candidate, memory, update)
