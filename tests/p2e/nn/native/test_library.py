"""A compiled library is kept for other processes, and made again where the kept one is no use."""

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from p2e.nn.native import library
from p2e.nn.native.library import COUNT, CompilerError, native_library
from tests.conftest import needs_a_compiler
from tests.helpers.paths import ROOT

pytestmark = needs_a_compiler

ANSWER = """
#include "structures.hpp"
extern "C" int answer() { return 42; }
"""
# A compiler that writes down which files it compiled.
COUNTING = """#!/bin/sh
case " $* " in *" -E "*) ;; *) echo "$*" >> "{calls}" ;; esac
exec g++ "$@"
"""
OTHER_PROCESS = """
import sys
from pathlib import Path
from p2e.nn.native.library import native_library
print(native_library(Path(sys.argv[1]), ()).answer())
"""


class Pair(ctypes.Structure):
    """Two numbers, for a library with structures."""

    _fields_ = (("first", COUNT), ("second", COUNT))


class Compiled:
    """A source file, a cache of its own, and a compiler that counts."""

    def __init__(self, folder: Path) -> None:
        self.source, self.cache = folder / "answer.cpp", folder / "cache"
        self.source.write_text(ANSWER)
        self._calls = folder / "calls"
        self.compiler = folder / "counting"
        self.compiler.write_text(COUNTING.format(calls=self._calls))
        self.compiler.chmod(0o755)

    @property
    def times(self) -> int:
        """How often something was compiled."""
        return len(self._calls.read_text().splitlines()) if self._calls.exists() else 0

    @property
    def kept(self) -> list[Path]:
        """The libraries in the cache, and whatever else is there."""
        return sorted((self.cache / "p2e").iterdir())

    def answer(self, *structures: type[ctypes.Structure]) -> int:
        """What the library says, loaded as by a new process."""
        native_library.cache_clear()
        return int(native_library(self.source, structures).answer())


@pytest.fixture
def compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Compiled]:
    made = Compiled(tmp_path)
    monkeypatch.setenv("CXX", str(made.compiler))
    monkeypatch.setenv("XDG_CACHE_HOME", str(made.cache))
    yield made
    native_library.cache_clear()


def test_a_second_process_does_not_compile(compiled: Compiled) -> None:
    for _ in range(2):
        answer = subprocess.run(
            [sys.executable, "-c", OTHER_PROCESS, str(compiled.source)],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert answer.stdout == "42\n"
        assert compiled.times == 1
    (kept,) = compiled.kept
    assert kept.name.startswith("answer-") and kept.suffix == ".so"


def test_a_process_loads_a_library_once(compiled: Compiled) -> None:
    assert compiled.answer() == 42
    (kept,) = compiled.kept
    kept.unlink()
    assert native_library(compiled.source, ()).answer() == 42
    assert compiled.times == 1


def test_whatever_a_library_depends_on_gives_it_another_name(
    compiled: Compiled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled.answer()
    with monkeypatch.context() as other_flag:
        other_flag.setattr(library, "FLAGS", (*library.FLAGS, "-DOTHER"))
        compiled.answer()
    with monkeypatch.context() as other_processor:
        other_processor.setattr(library, "_target", lambda compiler: "another processor")
        compiled.answer()
    with monkeypatch.context() as other_header:
        headers = shutil.copytree(library.HEADERS, tmp_path / "headers")
        with (headers / "gru.hpp").open("a") as file:
            file.write("// another line\n")
        other_header.setattr(library, "HEADERS", headers)
        compiled.answer()
    compiled.answer(Pair)
    compiled.source.write_text(ANSWER.replace("42", "43"))
    assert compiled.answer() == 43
    assert compiled.times == len(compiled.kept) == 6
    compiled.source.write_text(ANSWER)
    assert compiled.answer() == 42
    assert compiled.times == 6  # the first is still there


def test_the_processor_is_what_the_compiler_says_of_it() -> None:
    described = library._target(library.require_compiler())
    assert "__VERSION__" in described
    processor = "__x86_64__" if os.uname().machine == "x86_64" else "__SIZEOF_POINTER__"
    assert processor in described


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda whole: b"",
    "cut": lambda whole: whole[: len(whole) // 2],  # loading it would end the process
    "changed": lambda whole: whole.replace(b"answer", b"ANSWER"),
    "foreign": lambda whole: b"no library" * 1000,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_library_is_compiled_again(compiled: Compiled, damage: str) -> None:
    compiled.answer()
    (kept,) = compiled.kept
    kept.write_bytes(DAMAGES[damage](kept.read_bytes()))
    assert compiled.answer() == 42
    assert compiled.times == 2
    assert compiled.kept == [kept]
    assert compiled.answer() == 42  # the new one is whole
    assert compiled.times == 2


def test_where_nothing_can_be_kept_every_process_compiles(
    compiled: Compiled, tmp_path: Path
) -> None:
    compiled.cache.write_text("a file, where a folder is to be")
    for times in (1, 2):
        assert compiled.answer() == 42
        assert compiled.times == times


def test_what_the_compiler_does_not_take_is_named(compiled: Compiled) -> None:
    compiled.source.write_text('extern "C" int answer() { return forty_two; }')
    with pytest.raises(CompilerError, match=r"does not compile answer\.cpp: .*forty_two"):
        compiled.answer()
    assert not compiled.cache.exists()


def test_a_compiler_that_cannot_run_is_named(compiled: Compiled) -> None:
    compiled.compiler.write_text("no program")
    with pytest.raises(CompilerError, match=r"counting cannot compile answer\.cpp here: "):
        compiled.answer()


def test_without_a_compiler_the_error_names_it(
    compiled: Compiled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(CompilerError, match=r"needs a C[+][+] compiler.*no no-such-compiler"):
        compiled.answer()
