"""The library of C++ kernels for networks (kernels.cpp), and the structures that it takes.

They compute what perceptron.py, gru_cell.py and optimizer.py of nn/ compute with PyTorch's
operators, on one core and in float32, in another order of summation: numbers agree within rounding
(tests/p2e/nn/native/). Each network is computed by itself, so that it does not matter for its bits
how many others there are. benchmarks/NOTES.md says what they save.
"""

import ctypes
from functools import cache
from pathlib import Path

from p2e.nn.native.library import COUNT, FLOAT, POINTER, native_library


class Networks(ctypes.Structure):
    """Perceptrons of one shape: `members` for each seed; sizes of input, hidden layers, output;
    the activation by its number in perceptron.hpp."""

    _fields_ = (
        *((name, COUNT) for name in ("seeds", "members", "batch", "layers")),
        ("sizes", ctypes.POINTER(COUNT)),
        ("activation", COUNT),
        ("rounded", ctypes.c_bool),
    )


class Cells(ctypes.Structure):
    """Gated recurrent units of one shape along sequences."""

    _fields_ = tuple((name, COUNT) for name in ("seeds", "steps", "batch", "inputs", "units"))


class Parameter(ctypes.Structure):
    """What is learned, what Adam remembers, and the gradient; `decays` may be null."""

    _fields_ = (
        *((name, POINTER) for name in ("weights", "means", "squares", "gradient", "decays")),
        ("size", COUNT),
    )


STRUCTURES = (Networks, Cells, Parameter)


@cache
def library() -> ctypes.CDLL:
    """The kernels, compiled where that was not done yet.

    Raises:
        CompilerError: when there is no C++ compiler.
    """
    made = native_library(Path(__file__).with_name("kernels.cpp"), STRUCTURES)
    made.perceptron_forward.argtypes = [POINTER] * 6
    made.perceptron_backward.argtypes = [*[POINTER] * 8, COUNT, COUNT]
    made.squash.argtypes = [COUNT, COUNT, FLOAT, FLOAT, *[POINTER] * 3]
    made.gru_forward.argtypes = [POINTER] * 8
    made.gru_backward.argtypes = [POINTER] * 11
    made.adam_step.argtypes = [COUNT, COUNT, POINTER, POINTER, FLOAT, FLOAT, POINTER]
    return made
