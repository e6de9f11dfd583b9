"""How a training process computes."""

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
    # "high" is all that a GPU makes of "medium"; and on a CPU that slows narrow products down.
    torch.set_float32_matmul_precision("high" if precision == "medium" else "highest")
    round_products(precision == "medium")


def keep_freed_memory() -> None:
    """Let the allocator keep what is freed, for an update asks for the same memory again.

    By default glibc gives large blocks back to the system, which hands out zeroed pages the next
    time: an update of SAC took between nothing and a third longer, differently in every process
    (benchmarks/NOTES.md). Where the C library is another one, nothing happens.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(MMAP_THRESHOLD, 2**30)
    mallopt(TRIM_THRESHOLD, 2**31 - 1)
    mallopt(TOP_PAD, 2**26)
