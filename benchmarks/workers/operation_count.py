"""Floating-point operations of matrix products: how many are made, and how many a core can make."""

import statistics
import time
from collections.abc import Callable

import torch
from torch.utils.flop_counter import FlopCounterMode


def counted_operations(action: Callable[[], object]) -> int:
    """The multiplications and additions of all matrix products that PyTorch is asked for.

    Elementwise operations are not counted, and neither are products in C++ code of our own.
    """
    with FlopCounterMode(display=False) as counter:
        action()
    return int(counter.get_total_flops())


def product_seconds(size: int, repeats: int) -> float:
    """The median time of a product of two square float32 matrices."""
    left, right, result = torch.randn(3, size, size)
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        torch.mm(left, right, out=result)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def product_operations(size: int) -> int:
    """The multiplications and additions of a product of two square matrices."""
    return 2 * size**3
