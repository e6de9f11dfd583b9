"""Arithmetic, threads and memory of a training process."""

import ctypes

import torch

from p2e.nn.products import round_products

# Parameters of glibc's mallopt.
TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD = -1, -2, -3


def prepare_process(precision: str, threads: int) -> None:
    """Set up arithmetic and memory of this process.

    Args:
        precision: "float32", or "medium" for rounded matrix products where the machine has
            instructions for it: bfloat16 on a CPU (p2e/nn/products.py), TensorFloat-32 on a GPU.
        threads: CPU threads.
    """
    keep_freed_memory()
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)  # denormal numbers cost much and mean nothing here
    # A GPU treats "medium" as "high". On a CPU, "medium" would slow narrow products down.
    torch.set_float32_matmul_precision("high" if precision == "medium" else "highest")
    round_products(precision == "medium")


def keep_freed_memory() -> None:
    """Let the allocator keep freed memory, because the next update allocates the same sizes again.

    By default glibc returns large blocks to the system, which has to zero the pages before it hands
    them out again. That made an update of SAC up to a third slower, by an amount that varied from
    process to process (benchmarks/NOTES.md). With another C library this function does nothing.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(MMAP_THRESHOLD, 2**30)
    mallopt(TRIM_THRESHOLD, 2**31 - 1)
    mallopt(TOP_PAD, 2**26)
