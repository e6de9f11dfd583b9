"""How the programs of the pipeline end on bad input: one line, exit code 2."""

import argparse
import sys
from collections.abc import Callable
from typing import NoReturn

import torch

from p2e.config import require


class OneLineParser(argparse.ArgumentParser):
    """An argument parser whose errors are one line, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message}\n")


def run_program(name: str, program: Callable[[], None], *bad_input: type[Exception]) -> None:
    """Run a program; bad input of the given kinds is one line and exit code 2.

    So is a file that cannot be read or written, on a full disk for example.
    """
    kinds: tuple[type[Exception], ...] = (*bad_input, OSError)
    try:
        program()
    except kinds as error:
        if isinstance(error, OSError) and error.strerror:
            words = f"{error.filename or 'a file'}: {error.strerror}"
        else:
            words = str(error)
        line = " ".join(words.split())
        print(f"{name}: error: {line}", file=sys.stderr)
        sys.exit(2)


def choose_device(name: str) -> torch.device:
    """`auto` takes the GPU where there is one."""
    available = torch.cuda.is_available()
    if name == "auto":
        return torch.device("cuda" if available else "cpu")
    require(name != "cuda" or available, "--device", name, "'cpu' or 'auto': no CUDA GPU is usable")
    return torch.device(name)
