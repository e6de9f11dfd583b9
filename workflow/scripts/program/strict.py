"""`deterministic: strict`: the same digits on every x86-64 processor.

Libraries choose their kernels by processor, and kernels differ in their order of summation and in
the last digits of their functions. Here every library is told to use only instructions that all
x86-64 processors have. `tests/acceptance/strict_check.py` trains on emulated processors and
compares every digit.
"""

import os
import sys
import warnings

import numpy as np
import torch
from torch import Tensor

# Each library reads its variable when it is loaded, or at its first matrix product.
ENVIRONMENT = {
    "ATEN_CPU_CAPABILITY": "default",  # PyTorch's own kernels
    "MKL_CBWR": "COMPATIBLE",  # PyTorch's matrix products
    "OPENBLAS_CORETYPE": "Prescott",  # NumPy's matrix products
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",  # NumPy's functions
    # The C library's functions, which Python, PyTorch and MuJoCo call.
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX,-AVX2,-FMA,-FMA4,-AVX512F,-AVX512VL,-AVX512DQ",
}
_overrides: list[torch.library.Library] = []


def compute_strictly() -> None:
    """Restrict this process to instructions that all x86-64 processors have.

    If the variables of ENVIRONMENT are not set yet, the program is executed again in the same
    process with the same arguments, because libraries read them only when they are loaded.
    """
    if any(os.environ.get(name) != value for name, value in ENVIRONMENT.items()):
        # orig_argv[0] is how Python was called, perhaps by a relative path.
        arguments = [sys.executable, *sys.orig_argv[1:]]
        os.execve(sys.executable, arguments, os.environ | ENVIRONMENT)
    torch.use_deterministic_algorithms(True)
    replace_square_root()


def replace_square_root() -> None:
    """Make `Tensor.sqrt` round correctly, as IEEE 754 requires.

    PyTorch takes it from a part of MKL that ignores all of the variables, and whose last bit
    depends on the processor.
    """
    if _overrides:
        return
    library = torch.library.Library("aten", "IMPL")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Warning only once for all operators")
        library.impl("sqrt", _square_root, "CPU")
    _overrides.append(library)  # a registration ends when its library object is freed


def _square_root(x: Tensor) -> Tensor:
    values = x.detach().numpy()
    with np.errstate(invalid="ignore"):
        return torch.from_numpy(np.asarray(np.sqrt(values)))
