"""Snakemake's lock on the working folder, when the Snakemake that took it was killed.

Snakemake marks a folder as taken with files in .snakemake/locks/. After kill -9 or a power cut they
stay, and every later call ends with "Directory cannot be locked" until someone runs
`snakemake --unlock`. Here each Snakemake also holds a lock of the kernel, which the kernel releases
however the holder dies: who gets it alone knows that the files are left over.
"""

import fcntl
import os
import sys
from pathlib import Path
from typing import TextIO


def clear_stale_lock(folder: Path) -> TextIO | None:
    """Remove the lock files in `folder` (.snakemake) where no Snakemake is alive.

    Returns:
        what has to stay open as long as this process is at work; None where the file system has
        no locks, and Snakemake's own message stands.
    """
    try:
        folder.mkdir(exist_ok=True)
        file = (folder / "alive").open("a")
    except OSError:
        return None
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove_locks(folder / "locks")
        except BlockingIOError:
            pass  # another Snakemake is alive: the locks are its own
        # Shared, so that several can be alive: a dry run beside a real one. A new one that takes
        # the exclusive lock in between finds no file of this process, which has locked nothing yet.
        fcntl.flock(file, fcntl.LOCK_SH)
    except OSError:
        file.close()
        return None
    return file


def _remove_locks(folder: Path) -> None:
    names = os.listdir(folder) if folder.is_dir() else []
    for name in names:
        (folder / name).unlink(missing_ok=True)
    if names:
        print("The Snakemake that was at work here was killed; going on.", file=sys.stderr)
