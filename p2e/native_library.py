"""C++ of this package, compiled for the processor that it runs on.

Every process compiles its own, in some five seconds: a library that is kept would have to be told
from those of other processors that share a home directory, as the nodes of a cluster do.
"""

import ctypes
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

# The last two let square roots and conditions be done for several numbers at once; they change no
# number.
FLAGS = (
    *("-std=c++17", "-O3", "-march=native", "-ffp-contract=fast", "-shared", "-fPIC"),
    *("-fno-math-errno", "-fno-trapping-math"),
)
SOURCES = Path(__file__).with_name("native")


class CompilerError(Exception):
    """C++ cannot be compiled here."""


@cache
def native_library(source: str) -> ctypes.CDLL:
    """The library made of a C++ file in `native`.

    Raises:
        CompilerError: when there is no compiler, or when it does not take the file.
    """
    compiler = _compiler()
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "library.so"
        command = [compiler, *FLAGS, str(SOURCES / source), "-o", str(library)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
            first = next((line for line in lines if "error" in line), lines[0])
            raise CompilerError(f"{compiler} does not compile p2e/native/{source}: {first}")
        return ctypes.CDLL(str(library))


def _compiler() -> str:
    asked = os.environ.get("CXX")
    for name in (asked,) if asked else ("g++", "clang++", "c++"):
        if name and shutil.which(name):
            return name
    raise CompilerError(
        f"a compiled update on a CPU needs a C++ compiler, and there is no "
        f"{asked or 'g++, clang++ or c++'}"
    )
