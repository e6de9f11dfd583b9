"""CUDA graphs: hundreds of small kernels, recorded once and launched as one.

A network of this benchmark is so small that a GPU computes a layer in less time than PyTorch needs
to launch it (benchmarks/NOTES.md has the numbers).
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

import torch
from torch import Tensor

from p2e.metrics import Metrics

# Calls before the recording, in which libraries choose their kernels and allocate what they keep.
WARM_UP_CALLS = 3

# Recordings of one function; each keeps its memory for good.
MOST_RECORDINGS = 8

TensorFunction = Callable[..., Tensor | None]
Update = Callable[..., Metrics]
F = TypeVar("F", bound=TensorFunction)


class CudaGraph:
    """A function of tensors on a GPU, recorded for every form of its inputs.

    The function may change tensors that it holds, in place. It must not wait for the device, and
    whatever is no tensor is taken as it is at the time of the recording.
    """

    def __init__(self, function: TensorFunction) -> None:
        self._function = function
        self._recordings: dict[Any, _Recording] = {}

    def __call__(self, *inputs: Tensor) -> Tensor | None:
        """What the function gives for these inputs; the caller's to keep."""
        form = tuple((x.shape, x.dtype) for x in inputs)
        recording = self._recordings.get(form)
        if recording is None:
            if len(self._recordings) == MOST_RECORDINGS:
                return self._function(*inputs)
            recording = self._recordings[form] = _Recording(self._function, inputs)
        return recording(inputs)


class _Recording:
    """One graph, with the memory that it reads and writes."""

    def __init__(self, function: TensorFunction, inputs: Sequence[Tensor]) -> None:
        self._function, self._calls = function, 0
        self._inputs = [x.clone(memory_format=torch.contiguous_format) for x in inputs]
        self._graph = torch.cuda.CUDAGraph()
        self._output: Tensor | None = None

    def __call__(self, inputs: Sequence[Tensor]) -> Tensor | None:
        torch._foreach_copy_(self._inputs, list(inputs))
        self._calls += 1
        if self._calls <= WARM_UP_CALLS:
            return self._function(*self._inputs)
        if self._calls == WARM_UP_CALLS + 1:
            with torch.cuda.graph(self._graph):  # nothing is computed yet
                self._output = self._function(*self._inputs)
        self._graph.replay()
        return None if self._output is None else self._output.clone()


def recorded(function: F, device: torch.device) -> F:
    """The function as a CUDA graph where the device is a GPU, elsewhere the function itself."""
    return cast(F, CudaGraph(function)) if device.type == "cuda" else function


def recorded_update(learn: Update, device: torch.device) -> Update:
    """The same for a function that gives metrics."""
    if device.type != "cuda":
        return learn
    names: list[str] = []

    def stacked(*inputs: Tensor) -> Tensor:
        metrics = learn(*inputs)
        names[:] = metrics
        return torch.stack(list(metrics.values()))

    graph = CudaGraph(stacked)

    def update(*inputs: Tensor) -> Metrics:
        values = graph(*inputs)
        assert values is not None
        return dict(zip(names, values.unbind(), strict=True))

    return update
