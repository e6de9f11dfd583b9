"""Arithmetic, threads and memory of a training process."""

import ctypes
import sys

import torch

from p2e.nn.compilation import compile_networks
from p2e.nn.native import kernels
from p2e.nn.native.library import CompilerError
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


def choose_compiled(asked: bool | None, device: torch.device, strict: bool) -> bool:
    """Let compiled programs compute the networks of this process, or not. Returns which.

    Args:
        asked: None for yes on a CPU that has a C++ compiler, unless digits are to be strict: a
            compiler makes code for this machine's processor.

    Raises:
        CompilerError: where it was asked for and nothing can be compiled.
    """
    on_cpu = device.type == "cpu"
    wanted = (on_cpu and not strict) if asked is None else asked
    if wanted and on_cpu:
        try:
            kernels.library()
        except CompilerError as error:
            if asked:
                raise
            words = "PyTorch's operators compute the networks, which takes several times as long"
            print(f"train.py: {error}; {words}", file=sys.stderr)
            wanted = False
    compile_networks(wanted)
    return wanted


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
