"""Whether networks are computed by compiled programs; set once a process.

On a CPU these are the C++ kernels of nn/native and agent/native, on a GPU the agent's update is
compiled by torch.compile. Numbers agree with those of PyTorch's operators within rounding.
"""

import torch
from torch import Tensor

_wanted = False


def compile_networks(wanted: bool) -> None:
    """Let networks that are made or called from now on be compiled, or not."""
    global _wanted
    _wanted = wanted


def compiles() -> bool:
    """Whether that is wanted."""
    return _wanted


def runs_in_cpp(x: Tensor) -> bool:
    """Whether a kernel in C++ is to compute with this tensor and what lies on the same device."""
    return _wanted and x.dtype is torch.float32 and not x.is_cuda


def infers_in_cpp(x: Tensor) -> bool:
    """The same for kernels without a backward pass: only where no gradient is wanted."""
    return runs_in_cpp(x) and not torch.is_grad_enabled()
