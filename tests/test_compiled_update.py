"""The compiled update against the eager one."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
def test_ten_compiled_updates_are_ten_eager_ones() -> None:
    # A process of its own: the shape checks that the tests put around every function are nothing
    # that torch.compile could trace.
    script = Path(__file__).with_name("compare_compiled_update.py")
    command = [sys.executable, str(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert float(done.stdout) < 1e-3
