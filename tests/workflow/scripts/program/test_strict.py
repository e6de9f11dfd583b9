"""`deterministic: strict`: libraries are configured before loading, and roots rounded correctly.

That the digits are the same on other processors is shown by tests/acceptance/strict_check.py.
"""

import os
import subprocess
import sys

import pytest
import torch

from p2e.config import ConfigError
from program.strict import ENVIRONMENT
from runs.settings.run_settings import RunSettings, require_strict_possible, resolve_settings
from tests.helpers.paths import ROOT

STARTED_AGAIN = """
import os, sys
from program.strict import compute_strictly
print("started", os.getpid(), flush=True)
compute_strictly()
import torch
print(torch.backends.cpu.get_cpu_capability(), sys.argv[1:])
"""
ROOTS = """
import numpy, torch
from program.strict import replace_square_root
x = torch.rand(1000, 3, generator=torch.Generator().manual_seed(0)) * 1e3
exact = x.double().numpy() ** 0.5
misses = lambda roots: int((roots.double().numpy() != exact.astype(numpy.float32)).sum())
before = misses(x.sqrt())
replace_square_root()
replace_square_root()
x.requires_grad_()
x.sqrt().sum().backward()
slope = torch.allclose(x.grad, 0.5 / x.detach().sqrt())
print(before > 0, misses(x.detach().sqrt()), slope)
print(torch.tensor([-1.0, 4.0]).sqrt().tolist(), torch.tensor(4.0).sqrt().item())
"""


def output_of(program: str, *arguments: str) -> list[str]:
    environment = {key: value for key, value in os.environ.items() if key not in ENVIRONMENT}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "workflow" / "scripts")])
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_the_program_starts_again_once_in_the_same_process_with_its_arguments() -> None:
    first, again, computed = output_of(STARTED_AGAIN, "--steps", "a b")
    assert first == again
    assert computed == "DEFAULT ['--steps', 'a b']"


def test_square_roots_are_correctly_rounded() -> None:
    """The first number shows the need for the replacement; it holds wherever PyTorch uses MKL."""
    roots, values = output_of(ROOTS)
    assert roots == "True 0 True"
    assert values == "[nan, 2.0] 2.0"


@pytest.mark.parametrize(
    ("training", "device", "threads", "named"),
    [
        ({"precision": "medium"}, "cpu", 1, "'training.precision' is 'medium', expected 'float32'"),
        ({}, "cuda", 1, "'--device' is 'cuda', expected 'cpu'"),
        ({}, "cpu", 2, "'--threads' is 2, expected 1"),
    ],
)
def test_what_cannot_be_strict_is_refused(
    training: dict[str, str], device: str, threads: int, named: str
) -> None:
    settings = resolve_settings("sac", "Pendulum-v1", "0", 10, {"training": training})
    with pytest.raises(ConfigError, match=named):
        require_strict_possible(settings, torch.device(device), threads)


def test_compiled_networks_are_refused() -> None:
    def settings(compiled: bool | None) -> RunSettings:
        section = {"training": {"compiled": compiled}}
        return resolve_settings("sac", "Pendulum-v1", "0", 10, section)

    with pytest.raises(ConfigError, match=r"'training.compiled' is True, expected False or null"):
        require_strict_possible(settings(True), torch.device("cpu"), 1)
    for compiled in (False, None):
        require_strict_possible(settings(compiled), torch.device("cpu"), 1)
