"""Products of matrices, in the precision that the process was set to.

With `torch.set_float32_matmul_precision("medium")` PyTorch rounds the factors of float32 products
to bfloat16 on a GPU and where a CPU has AMX. A CPU that has only the AVX-512 instructions for it
multiplies bfloat16 twice as fast as float32 as well, but PyTorch leaves float32 products alone
there. Here they are rounded, as `torch.autocast` would: factors and product are bfloat16, sums
within the product are float32.
"""

import torch
from jaxtyping import Float
from torch import Tensor

# Of 128 units, casting takes an update of SAC longer than its products save (benchmarks/NOTES.md).
WIDE = 192

# PyTorch has no public name for it.
CPU_MULTIPLIES_BFLOAT16 = torch.cpu._is_avx512_bf16_supported()


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


def rounds_products(device: torch.device) -> bool:
    """Whether products on this device are rounded to bfloat16 here; a GPU does so by itself."""
    return device.type == "cpu" and CPU_MULTIPLIES_BFLOAT16 and _medium()


# Set once, before anything is compiled.
@torch.compiler.assume_constant_result  # type: ignore[untyped-decorator]
def _medium() -> bool:
    return torch.get_float32_matmul_precision() == "medium"


def _rounded(left: Tensor, right: Tensor) -> bool:
    wide = min(*left.shape[1:], right.shape[2]) >= WIDE
    return wide and left.dtype == torch.float32 and rounds_products(left.device)
