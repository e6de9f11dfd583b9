"""Products of matrices, in the precision that the process was set to.

A CPU with the AVX-512 instructions for bfloat16 multiplies it twice as fast as float32, but PyTorch
uses them for float32 products, whatever `torch.set_float32_matmul_precision` says, only where there
is AMX as well. With `round_products(True)` they are used here, as `torch.autocast` would: factors
and product are bfloat16, sums within the product are float32.
"""

import torch
from jaxtyping import Float
from torch import Tensor

# Products of so many rows, columns and terms are rounded. With 128 units, casting takes an update
# of SAC longer than its products save (benchmarks/NOTES.md).
WIDE = 192
# The same for the C++ of agent/native, where casting costs less.
NATIVE_WIDE = 64

# PyTorch has no public name for it.
CPU_MULTIPLIES_BFLOAT16 = torch.cpu._is_avx512_bf16_supported()

_wanted = False


def product(
    left: Float[Tensor, "L i j"],
    right: Float[Tensor, "L j k"],
    bias: Float[Tensor, "L 1 k"] | None = None,
) -> Float[Tensor, "L i k"]:
    """`left right + bias`, for every index of the leading axis."""
    if _rounded(left, right):
        result = torch.bmm(left.bfloat16(), right.bfloat16()).to(left.dtype)
        return result if bias is None else result.add_(bias)
    if bias is None:
        return torch.bmm(left, right)
    return torch.baddbmm(bias, left, right)


def round_products(wanted: bool) -> None:
    """Let wide products be rounded from now on, where that is faster; set once a process."""
    global _wanted
    _wanted = wanted


def rounds_products(device: torch.device) -> bool:
    """Whether wide products on this device are rounded to bfloat16 here."""
    return _wanted and device.type == "cpu" and CPU_MULTIPLIES_BFLOAT16


def _rounded(left: Tensor, right: Tensor) -> bool:
    if not rounds_products(left.device) or left.dtype != torch.float32:
        return False
    narrowest: int = min(*left.shape[1:], right.shape[2])
    return narrowest >= WIDE
