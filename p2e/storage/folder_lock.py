"""A lock that the kernel releases, however its holder dies."""

import fcntl
import os
import socket
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from p2e.storage.checkpoint import CheckpointError


class FolderLock:
    """At most one process works on a run. The kernel releases the lock however the holder dies.

    Args:
        folder: what is locked; it is made where it does not exist.
        say: told who holds the lock, before waiting for it. Without it nobody waits.

    Raises (on entering):
        CheckpointError: when another process holds the lock and nobody waits, or when the folder
            cannot be made or locked.
    """

    def __init__(self, folder: Path, say: Callable[[str], None] | None = None) -> None:
        self._path, self._say = folder / "lock", say

    def __enter__(self) -> "FolderLock":
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # Not "w", which would wipe out the holder's name.
            self._file = self._path.open("a+")
        except OSError as error:
            raise CheckpointError(f"cannot lock '{self._path}': {error.strerror}") from error
        try:
            self._take()
            self._sign()
        except BaseException as error:
            self._file.close()
            if isinstance(error, OSError):
                raise CheckpointError(f"cannot lock '{self._path}': {error.strerror}") from error
            raise
        return self

    def _take(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.seek(0)
            holder = self._file.read(200).strip() or "unknown"
            taken = f"another process ({holder}) is training into '{self._path.parent}'"
            if self._say is None:
                raise CheckpointError(f"{taken}: wait for it or end it") from error
            self._say(f"{taken}: waiting for its end")
            fcntl.flock(self._file, fcntl.LOCK_EX)

    def _sign(self) -> None:
        """Leave a name for whoever comes next."""
        self._file.truncate(0)
        self._file.write(f"{os.getpid()} on {socket.gethostname()}\n")
        self._file.flush()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()
