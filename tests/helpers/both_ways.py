"""The same computation in C++ and with PyTorch's operators."""

from collections.abc import Callable
from typing import TypeVar

from torch import Tensor

from p2e.nn.compilation import compile_networks

Result = TypeVar("Result")


def in_both_ways(compute: Callable[[], Result]) -> tuple[Result, Result]:
    """In C++, and with PyTorch's operators."""
    compile_networks(True)
    found = compute()
    compile_networks(False)
    return found, compute()


def assert_close(found: Tensor, expected: Tensor, tolerance: float = 2e-5) -> None:
    assert found.shape == expected.shape
    scale = max(1e-3, expected.abs().max().item()) if expected.numel() else 1
    assert (found - expected).abs().max().item() <= tolerance * scale if expected.numel() else True
