"""`deterministic: strict`: the same digits on every x86-64 processor.

Libraries choose their kernels by the processor that they find, and kernels differ in the order of
their sums and in the last digits of their functions. Here every library is told to use what all
processors have. `tests/acceptance/strict_check.py` trains on emulated processors and compares every
digit.
"""

import os
import sys
import warnings

import numpy as np
import torch
from torch import Tensor

# Each library reads its own when it is loaded, or at its first product.
ENVIRONMENT = {
    "ATEN_CPU_CAPABILITY": "default",  # PyTorch's own kernels
    "MKL_CBWR": "COMPATIBLE",  # PyTorch's matrix products
    "OPENBLAS_CORETYPE": "Prescott",  # NumPy's matrix products
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",  # NumPy's functions
    # The C library's functions, on which Python's, PyTorch's and MuJoCo's rest.
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX,-AVX2,-FMA,-FMA4,-AVX512F,-AVX512VL,-AVX512DQ",
}
_overrides: list[torch.library.Library] = []


def compute_strictly() -> None:
    """Let this process compute with what all processors have.

    Where the environment is not that of ENVIRONMENT yet, the program starts again, in the same
    process, with its arguments: libraries that are loaded do not look a second time.
    """
    if any(os.environ.get(name) != value for name, value in ENVIRONMENT.items()):
        # The first of orig_argv is how Python was called, perhaps relative to a path.
        arguments = [sys.executable, *sys.orig_argv[1:]]
        os.execve(sys.executable, arguments, os.environ | ENVIRONMENT)
    torch.use_deterministic_algorithms(True)
    replace_square_root()


def replace_square_root() -> None:
    """Let `Tensor.sqrt` round correctly, as IEEE 754 asks for.

    PyTorch takes it from a part of MKL that listens to none of the variables, and whose last bit
    depends on the processor.
    """
    if _overrides:
        return
    library = torch.library.Library("aten", "IMPL")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Warning only once for all operators")
        library.impl("sqrt", _square_root, "CPU")
    _overrides.append(library)  # what is registered goes with the library


def _square_root(x: Tensor) -> Tensor:
    values = x.detach().numpy()
    with np.errstate(invalid="ignore"):
        return torch.from_numpy(np.asarray(np.sqrt(values)))
