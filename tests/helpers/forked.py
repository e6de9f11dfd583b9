"""A program of the pipeline in a process forked from this one, and how it ended.

A fork has everything imported already, which otherwise takes seconds. Whatever a program does to
its process, including a crash, does not affect this one.
"""

import os
import resource
import runpy
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import NamedTuple, NoReturn

from tests.helpers.paths import SCRIPTS

MEMORY = 8 * 2**30  # bytes of address space; a program that asks for more is refused
ERROR, CORRECT, STOPPED = "an error in one line", "a correct run", "stopped while training"
FAILED = "FAILED"


class End(NamedTuple):
    """The outcome of a case."""

    kind: str
    words: str


def run(program: str, arguments: list[str], folder: Path, seconds: float = 20.0) -> End:
    """Run a program of the pipeline in a folder, with a time limit."""
    child = os.fork()
    if child == 0:
        _be_the_program(program, arguments, folder)
    deadline = time.monotonic() + seconds
    while (done := os.waitpid(child, os.WNOHANG))[0] == 0 and time.monotonic() < deadline:
        time.sleep(0.002)
    if done[0] == 0:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    words = (folder / "stderr").read_text(errors="replace")
    return judge(program, None if done[0] == 0 else os.waitstatus_to_exitcode(done[1]), words)


def _be_the_program(program: str, arguments: list[str], folder: Path) -> NoReturn:
    status = 1
    try:
        os.chdir(folder)
        for name, stream in (("stdout", 1), ("stderr", 2)):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        sys.argv = [program, *arguments]
        runpy.run_path(str(SCRIPTS / program), run_name="__main__")
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def judge(program: str, status: int | None, words: str) -> End:
    """The outcome of a program, from its exit status (None: stopped) and its output."""
    lines = words.splitlines() or ["no words"]
    if "Traceback" in words or (status is not None and status not in (0, 2)):
        return End(FAILED, f"status {status}: {lines[-1]}")
    if status is None:
        return End(STOPPED, lines[-1])
    if status == 2:
        named = lines[-1].startswith(f"{program}: error: ")
        return End(ERROR if named else FAILED, lines[-1])
    return End(CORRECT, lines[-1])
