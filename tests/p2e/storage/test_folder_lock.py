"""At most one process works on a run, and a dead process holds no lock."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from p2e.storage.checkpoint import CheckpointError
from p2e.storage.folder_lock import FolderLock
from tests.helpers.paths import ROOT

HOLDER = """
import sys, time
from pathlib import Path
from p2e.storage.folder_lock import FolderLock
with FolderLock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock on tmp_path / "run"."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "run")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_lock_refuses_a_second_process_and_dies_with_its_holder(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    lock = FolderLock(tmp_path / "run")
    with pytest.raises(CheckpointError, match="another process"), lock:
        pass
    os.kill(holder.pid, signal.SIGKILL)
    assert holder.wait(timeout=10) == -signal.SIGKILL
    with lock:
        pass


def test_a_lock_makes_its_folder_and_is_released_after_an_error(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    with pytest.raises(RuntimeError, match="inside"), FolderLock(folder):
        assert folder.is_dir()
        with pytest.raises(CheckpointError, match=str(folder)), FolderLock(folder):
            pass
        raise RuntimeError("inside")
    with FolderLock(folder), FolderLock(tmp_path / "other"):
        pass
