"""How the programs of the pipeline end on bad input: one line, exit code 2."""

import argparse
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import torch

from p2e.config import require


class OneLineParser(argparse.ArgumentParser):
    """An argument parser whose errors are one line, without the usage before it.

    Options cannot be abbreviated: an abbreviation could change its meaning when an option is added.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(allow_abbrev=False, **arguments)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message}\n")


def run_program(name: str, program: Callable[[], None], *bad_input: type[Exception]) -> None:
    """Run a program; report exceptions of the given kinds in one line, with exit code 2.

    The same holds for a file that cannot be read or written (a full disk, for example) and for
    running out of memory.
    """
    kinds: tuple[type[Exception], ...] = (*bad_input, OSError)
    try:
        program()
    except kinds as error:
        if isinstance(error, OSError) and error.strerror:
            words = f"{error.filename or 'a file'}: {error.strerror}"
        else:
            words = str(error)
        _end_with(name, words)
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        _end_with(name, f"not enough memory: {str(error).splitlines()[0]}")


def _end_with(name: str, words: str) -> NoReturn:
    print(f"{name}: error: {' '.join(words.split())}", file=sys.stderr)
    sys.exit(2)


def _is_out_of_memory(error: Exception) -> bool:
    """PyTorch has an exception class for running out of GPU memory, but none for main memory."""
    signs = ("can't allocate memory", "Storage size calculation overflowed")
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(
        sign in str(error) for sign in signs
    )


def choose_device(name: str) -> torch.device:
    """`auto` takes the GPU where there is one."""
    available = torch.cuda.is_available()
    if name == "auto":
        return torch.device("cuda" if available else "cpu")
    require(name != "cuda" or available, "--device", name, "'cpu' or 'auto': no CUDA GPU is usable")
    return torch.device(name)
