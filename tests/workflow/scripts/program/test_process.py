"""The set-up of a training process, tested in a separate process."""

import os
import subprocess
import sys

import pytest

from tests.helpers.paths import ROOT

SCRIPTS = ROOT / "workflow" / "scripts"


def output_of(program: str) -> list[str]:
    command = [sys.executable, "-c", program]
    path = {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=SCRIPTS, env=os.environ | path, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


ARITHMETIC = """
import torch
from p2e.nn import products
from program.process import prepare_process
products.CPU_MULTIPLIES_BFLOAT16 = True
prepare_process("{precision}", threads=1)
tiny = torch.full((64,), 1e-40)
print(
    torch.get_num_threads(),
    torch.get_float32_matmul_precision(),
    products.rounds_products(torch.device("cpu")),
    float((tiny * 1.5).sum()),
)
"""


@pytest.mark.parametrize(
    ("precision", "name", "rounds"), [("float32", "highest", "False"), ("medium", "high", "True")]
)
def test_arithmetic(precision: str, name: str, rounds: str) -> None:
    program = ARITHMETIC.format(precision=precision)
    assert output_of(program) == ["1", name, rounds, "0.0"]  # denormal numbers are zero


PAGE_FAULTS = """
import resource
import torch
from program.process import keep_freed_memory
if {keep}:
    keep_freed_memory()
def faults(times):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(times):
        torch.ones(2**24)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults(30)  # the heap grows until what is freed fits what is asked for
print(faults(5))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the C library's allocator is another one")
def test_freed_memory_is_used_again_without_asking_the_system() -> None:
    pages = 4 * 2**24 / 4096
    assert int(output_of(PAGE_FAULTS.format(keep=True))[0]) < pages / 100
    assert int(output_of(PAGE_FAULTS.format(keep=False))[0]) > pages  # what it is good for
