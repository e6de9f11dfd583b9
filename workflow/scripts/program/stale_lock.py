"""Remove Snakemake's lock on the working folder when the Snakemake that took it was killed.

Snakemake marks a folder as locked by files in .snakemake/locks/. After kill -9 or a power cut they
stay, and every later call ends with "Directory cannot be locked" until someone runs
`snakemake --unlock`. Here each Snakemake also holds a kernel file lock, which the kernel releases
however the process dies. A process that gets this lock exclusively knows that the files are stale.
"""

import fcntl
import os
import sys
from pathlib import Path
from typing import TextIO


def clear_stale_lock(folder: Path) -> TextIO | None:
    """Remove the lock files in `folder` (.snakemake) where no Snakemake is alive.

    Returns:
        the open lock file, to be kept open while this process works; None if the file system has
        no locks, in which case Snakemake's own error message appears.
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
            pass  # another Snakemake is alive, and the lock files belong to it
        # Shared, because several may run at once: a dry run beside a real one. If another process
        # takes the exclusive lock in between, this process has not written any lock files yet.
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
