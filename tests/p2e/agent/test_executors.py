"""The update compiled by PyTorch against the eager one; the C++ one is in test_native_update.py."""

import subprocess
import sys

import pytest
import torch

from tests.conftest import needs_a_compiler
from tests.helpers.paths import ROOT

needs_a_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


@needs_a_compiler
@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=needs_a_gpu)])
def test_ten_compiled_updates_are_ten_eager_ones(device: str) -> None:
    # In a separate process, because torch.compile cannot trace the shape checks that the tests wrap
    # around every function.
    script = ROOT / "tests" / "helpers" / "compare_compiled_update.py"
    command = [sys.executable, str(script), device]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert float(done.stdout) < 1e-3
