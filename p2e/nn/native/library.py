"""Libraries made of this package's C++ files, compiled once for each kind of processor.

A compiled library is kept in the user's cache folder under a name that is a digest of everything
that it depends on: the sources, the flags, and what the compiler says of itself and of this
processor.
The nodes of a cluster that share a home directory therefore never load each other's.
"""

import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from p2e.nn.products import NATIVE_WIDE

# The last two let square roots and conditions be done for several numbers at once; they change no
# result.
FLAGS = (
    *("-std=c++17", "-O3", "-march=native", "-ffp-contract=fast", "-shared", "-fPIC"),
    *("-fno-math-errno", "-fno-trapping-math", f"-DWIDE={NATIVE_WIDE}"),
)
HEADERS = Path(__file__).parent / "include"
CHECKSUM = hashlib.sha256().digest_size

POINTER, COUNT, FLOAT = ctypes.c_void_p, ctypes.c_int64, ctypes.c_float


class CompilerError(Exception):
    """C++ cannot be compiled here."""


def declarations(structures: Sequence[type[ctypes.Structure]]) -> str:
    """The structures in C++: both languages have their layout from Python.

    A pointer is one to floats; to other numbers it has to be declared with its type.
    """
    types = {
        POINTER: "float*",
        COUNT: "int64_t",
        FLOAT: "float",
        ctypes.c_bool: "bool",
        ctypes.POINTER(COUNT): "const int64_t*",
    } | {structure: structure.__name__ for structure in structures}
    lines = ["#pragma once", "#include <cstdint>"]
    for structure in structures:
        members = [f"{types[kind]} {name};" for name, kind, *_ in structure._fields_]
        lines.append(f"struct {structure.__name__} {{ {' '.join(members)} }};")
    return "\n".join(lines) + "\n"


@cache
def native_library(source: Path, structures: tuple[type[ctypes.Structure], ...]) -> ctypes.CDLL:
    """The library made of a C++ file, from the cache or compiled in some five seconds.

    Args:
        structures: what the file finds in structures.hpp.

    Raises:
        CompilerError: when there is no compiler, or when it does not take the file.
    """
    compiler = require_compiler()
    try:
        kept = library_folder() / f"{source.stem}-{_digest(compiler, source, structures)}.so"
        return _load(kept) or _compile(compiler, source, structures, kept)
    except OSError as error:
        raise CompilerError(f"{compiler} cannot compile {source.name} here: {error}") from error


def _load(kept: Path) -> ctypes.CDLL | None:
    """A kept library, or None where there is none, or not a whole one.

    The digest at its end is compared first: the system ends a process that loads half of a library.
    """
    try:
        content = kept.read_bytes()
        if _checksum(content[:-CHECKSUM]) != content[-CHECKSUM:]:
            return None
        return ctypes.CDLL(str(kept))
    except OSError:
        return None


def _compile(
    compiler: str, source: Path, structures: tuple[type[ctypes.Structure], ...], kept: Path
) -> ctypes.CDLL:
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "library.so"
        (Path(folder) / "structures.hpp").write_text(declarations(structures))
        options = f"-I{folder}", f"-I{HEADERS}"
        command = [compiler, *FLAGS, *options, str(source), "-o", str(library)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
            first = next((line for line in lines if "error" in line), lines[0])
            raise CompilerError(f"{compiler} does not compile {source.name}: {first}")
        _keep(library, kept)
        return ctypes.CDLL(str(library))


def _keep(library: Path, kept: Path) -> None:
    """Other processes never see half of a file; where nothing can be written, nothing is kept."""
    content = library.read_bytes()
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            copy = Path(folder) / kept.name
            copy.write_bytes(content + _checksum(content))
            os.replace(copy, kept)
    except OSError:
        return


def _checksum(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def library_folder() -> Path:
    """Where compiled libraries are kept: in the user's cache folder."""
    of_user = os.environ.get("XDG_CACHE_HOME")
    return (Path(of_user) if of_user else Path("~/.cache").expanduser()) / "p2e"


def _digest(compiler: str, source: Path, structures: Sequence[type[ctypes.Structure]]) -> str:
    digest = hashlib.sha256()
    for path in (source, *sorted(HEADERS.glob("*.hpp"))):
        digest.update(path.read_bytes())
    for text in (*FLAGS, declarations(structures), _target(compiler)):
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()[:32]


def _target(compiler: str) -> str:
    """The compiler's version, the processor, and its instructions: what the compiler predefines."""
    command = [compiler, *FLAGS, "-E", "-dM", "-x", "c++", os.devnull]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def find_compiler() -> str | None:
    """The C++ compiler that CXX names, or else the first of the usual ones that is installed."""
    asked = os.environ.get("CXX")
    names = (asked,) if asked else ("g++", "clang++", "c++")
    return next((name for name in names if name and shutil.which(name)), None)


def require_compiler() -> str:
    """The same.

    Raises:
        CompilerError: when there is none.
    """
    found = find_compiler()
    if found is None:
        asked = os.environ.get("CXX") or "g++, clang++ or c++"
        raise CompilerError(f"compiling needs a C++ compiler, and there is no {asked}")
    return found
