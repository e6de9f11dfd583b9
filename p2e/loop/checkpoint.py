"""State that survives a kill at any moment: checksummed, atomic, one generation kept back."""

import fcntl
import hashlib
import io
import os
import socket
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import torch
from torch import Tensor

MAGIC = b"p2e-state-1\n"


class CheckpointError(RuntimeError):
    """A checkpoint that cannot be used; the message is one line that names the file."""


def save_checked(path: Path, content: Any) -> None:
    """Write content with its sha256 through a temporary file and os.replace; what was there before
    stays as `<path>.previous`. A crash at any moment leaves at least one whole generation.

    Raises:
        CheckpointError: when it cannot be written, on a full disk for example; what was there
            before is untouched.
    """
    buffer = io.BytesIO()
    torch.save(content, buffer)
    payload = buffer.getvalue()
    temporary = _unfinished(path)
    try:
        with temporary.open("wb") as file:
            file.write(MAGIC + hashlib.sha256(payload).hexdigest().encode() + b"\n")
            file.write(payload)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            os.replace(path, previous_generation(path))
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise CheckpointError(
            f"cannot write state '{path}': {error.strerror}; what was saved before is kept"
        ) from error


def previous_generation(path: Path) -> Path:
    """Where save_checked keeps the state before the newest."""
    return path.with_name(path.name + ".previous")


def _unfinished(path: Path) -> Path:
    return path.with_name(path.name + ".new")


def load_checked(path: Path) -> Any:
    """Read what save_checked wrote.

    Raises:
        CheckpointError: when the file is missing, truncated, altered, or something else.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"cannot read state '{path}': {error.strerror}") from error
    header = len(MAGIC) + 65
    if not data.startswith(MAGIC) or len(data) < header:
        raise CheckpointError(f"'{path}' is not a state of this program, or was truncated")
    payload = data[header:]
    if hashlib.sha256(payload).hexdigest().encode() != data[len(MAGIC) : header - 1]:
        raise CheckpointError(f"state '{path}' is damaged: its sha256 is not the recorded one")
    return _load_tensors(io.BytesIO(payload), f"state '{path}'")


def load_newest(path: Path) -> tuple[Any | None, list[str]]:
    """The newest whole generation, or None when there is none, and what was wrong with others."""
    problems: list[str] = []
    # A save that was killed between its two renames leaves its state, whole, under the third name.
    for candidate in (path, _unfinished(path), previous_generation(path)):
        if candidate.exists():
            try:
                return load_checked(candidate), problems
            except CheckpointError as error:
                problems.append(str(error))
    return None, problems


def save_weights(path: Path, content: Any) -> None:
    """Write weights for load_weights.

    Raises:
        OSError: when the disk is full; writing by itself, torch hides it behind another error.
    """
    buffer = io.BytesIO()
    torch.save(content, buffer)
    path.write_bytes(buffer.getvalue())


def load_weights(path: Path) -> Any:
    """Read a checkpoint.pt of policy weights; nothing in it is executed.

    Raises:
        CheckpointError: when the file is missing or cannot be read as weights.
    """
    if not path.is_file():
        raise CheckpointError(
            f"checkpoint '{path}' is missing: expected a file that train.py wrote"
        )
    return _load_tensors(path, f"checkpoint '{path}'")


def _load_tensors(source: Path | io.BytesIO, what: str) -> Any:
    try:
        return torch.load(source, weights_only=True)
    except Exception as error:  # torch raises many kinds for a truncated or foreign file
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise CheckpointError(f"{what} is damaged: {reason}") from error


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


def require_form(found: Any, expected: Any, where: str) -> None:
    """Check a state that was read against the state of a fresh run of the same settings.

    What is empty in the fresh state (None, a list or dict without elements, a dimension of size 0)
    fills while training, and may hold anything.

    Raises:
        ValueError: naming the first part of another kind or shape.
    """
    if expected is None:
        return
    if type(found) is not type(expected):
        raise ValueError(f"{where} is {_kind(found)}, expected {_kind(expected)}")
    if isinstance(expected, Tensor):
        # Either precision: some simulators keep their state in another after the first step.
        fits = (
            found.is_floating_point() == expected.is_floating_point()
            and found.dim() == expected.dim()
        )
        sizes = zip(found.shape, expected.shape, strict=False)
        if not fits or any(one != other != 0 for one, other in sizes):
            raise ValueError(f"{where} is {_kind(found)}, expected {_kind(expected)}")
    elif isinstance(expected, dict) and expected:
        if found.keys() != expected.keys():
            raise ValueError(f"{where} holds {sorted(found, key=str)}, expected {sorted(expected)}")
        for key, value in expected.items():
            require_form(found[key], value, f"{where}.{key}")
    elif isinstance(expected, list | tuple) and expected:
        if len(found) != len(expected):
            raise ValueError(f"{where} has {len(found)} elements, expected {len(expected)}")
        for place, value in enumerate(expected):
            require_form(found[place], value, f"{where}[{place}]")


def _kind(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"a tensor of {value.dtype} {tuple(value.shape)}"
    return "nothing" if value is None else f"of kind {type(value).__name__}"
