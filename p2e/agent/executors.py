"""How an update of the agent is executed; what it computes is actor_critic.py.

- eager: PyTorch's operators one by one.
- native: one C++ program for a CPU (native/soft_actor_critic.cpp).
- compiled by torch.compile, for a GPU.
- recorded: on a GPU, compiled or not, the kernels of an update are one CUDA graph.

All of them give the same numbers within rounding.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from p2e.agent.cuda_graph import recorded_update
from p2e.agent.native.native_update import NativeUpdate
from p2e.batch import TransitionBatch
from p2e.metrics import Metrics
from p2e.nn.optimizer import Rate

# (batch, noise of the target's actions, noise of the actor's actions, factor of the learning rates)
Update = Callable[[TransitionBatch, Tensor, Tensor, Rate], Metrics]


class Executor:
    """Executes updates on one device.

    Args:
        eager: the update of PyTorch's operators.
        native: the update in C++, or None for an agent that is not to be compiled.
    """

    def __init__(self, eager: Update, native: NativeUpdate | None, device: torch.device) -> None:
        self._device = device
        self._rate: tuple[float, Tensor] | None = None
        self.update: Update = eager
        if native is not None:
            self.update = compiled_by_pytorch(eager) if self._on_gpu else native

    @property
    def _on_gpu(self) -> bool:
        return self._device.type == "cuda"

    def of(
        self, batch_of: Callable[..., TransitionBatch]
    ) -> Callable[[Tensor, Tensor, float, tuple[Tensor, ...]], Metrics]:
        """Updates whose batch is made of other tensors, on a GPU within the same CUDA graph.

        Args:
            batch_of: tensors (S, B, ...) to a batch of B rows. The returned function takes both
                noises, the factor of the learning rates, and these tensors.
        """

        def update(target_noise: Tensor, actor_noise: Tensor, rate: Rate, *of: Tensor) -> Metrics:
            return self.update(batch_of(*of), target_noise, actor_noise, rate)

        on_device = recorded_update(update, self._device)

        def execute(
            target_noise: Tensor, actor_noise: Tensor, factor: float, of: tuple[Tensor, ...]
        ) -> Metrics:
            return on_device(target_noise, actor_noise, self._rate_of(factor), *of)

        return execute

    def _rate_of(self, factor: float) -> Rate:
        """The factor as a graph can take it: graphs are made again for every other number, and not
        for another content of a tensor."""
        if not self._on_gpu:
            return factor
        if self._rate is None or self._rate[0] != factor:
            self._rate = factor, torch.full((), factor, device=self._device)
        return self._rate[1]


def compiled_by_pytorch(update: Update) -> Update:
    """The update as one graph of torch.compile, made in the first call."""
    # A recorded graph calls the compiled kernels. PyTorch 2.11 fails to reorder the loops of one
    # seed on a GPU, and ten seeds are as fast without.
    option = "loop_ordering_after_fusion"
    compiled: Update = torch.compile(update, fullgraph=True, options={option: False})
    return compiled
