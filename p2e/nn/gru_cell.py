"""The gated recurrent unit (Cho et al. 2014), batched over seeds."""

from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from p2e.nn.batched_linear import BatchedLinear
from p2e.nn.compilation import infers_in_cpp, runs_in_cpp
from p2e.nn.generators import SeedGenerators
from p2e.nn.native.gated_recurrent_units import GRUWeights, gru_backward, gru_forward


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
        if infers_in_cpp(x):
            return gru_forward(self.weights, x.unsqueeze(1), None, memory, keep=False)[1].squeeze(1)
        return self._step(self.from_input(x), memory)

    def sequence(
        self,
        inputs: Float[Tensor, "S T B F"],
        first: Bool[Tensor, "S T B"],
        memory: Float[Tensor, "S B M"],
    ) -> tuple[Float[Tensor, "S T B M"], Float[Tensor, "S T B M"]]:
        """Memories along a sequence of inputs.

        Args:
            first: where a new sequence begins; the memory is zero there.
            memory: the memory before the first step.

        Returns:
            The memory before each step (zero where `first`), and the memory after it.
        """
        if runs_in_cpp(inputs):
            both: tuple[Tensor, Tensor] = _SequenceInCpp.apply(  # type: ignore[no-untyped-call]
                inputs, first.to(inputs.dtype), memory, *self.weights
            )
            return both
        projected = self.from_input(inputs.flatten(1, 2)).unflatten(1, inputs.shape[1:3])
        before, after = [], []
        for t in range(inputs.shape[1]):
            memory = memory.masked_fill(first[:, t].unsqueeze(-1), 0.0)
            before.append(memory)
            memory = self._step(projected[:, t], memory)
            after.append(memory)
        return torch.stack(before, dim=1), torch.stack(after, dim=1)

    @property
    def weights(self) -> GRUWeights:
        """Weight and bias of the input, and of the memory."""
        x, memory = self.from_input, self.from_memory
        return x.weight, x.bias, memory.weight, memory.bias

    def _step(
        self, projected: Float[Tensor, "S B P"], memory: Float[Tensor, "S B M"]
    ) -> Float[Tensor, "S B M"]:
        """The next memory from `from_input(x)`, which along a sequence is one product."""
        reset_x, update_x, new_x = projected.chunk(3, dim=-1)
        reset_m, update_m, new_m = self.from_memory(memory).chunk(3, dim=-1)
        reset = torch.sigmoid(reset_x + reset_m)
        update = torch.sigmoid(update_x + update_m)
        candidate = torch.tanh(new_x + reset * new_m)
        return torch.lerp(candidate, memory, update)


class _SequenceInCpp(torch.autograd.Function):
    """Memories along a sequence as one operation of autograd."""

    @staticmethod
    def forward(
        ctx: Any, inputs: Tensor, first: Tensor, memory: Tensor, *weights: Tensor
    ) -> tuple[Tensor, Tensor]:
        of_input, input_bias, of_memory, memory_bias = weights
        ctx.weights = of_input, input_bias, of_memory, memory_bias
        before, after, tape = gru_forward(ctx.weights, inputs, first, memory, keep=True)
        assert tape is not None
        ctx.tape = tape._replace(before=before.detach())  # an output would refer to itself
        ctx.set_materialize_grads(False)
        return before, after

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, of_before: Tensor | None, of_after: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        if of_after is None:
            of_after = torch.zeros_like(ctx.tape.before)
        of_weights, of_inputs, of_memory = gru_backward(ctx.weights, ctx.tape, of_before, of_after)
        return of_inputs, None, of_memory, *of_weights
