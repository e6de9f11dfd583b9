"""State that survives a kill at any moment: checksummed, atomic, one generation kept back."""

import hashlib
import io
import os
from pathlib import Path
from typing import Any

import torch

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
    try:
        return torch.load(io.BytesIO(payload), weights_only=True)
    except Exception as error:  # torch raises many kinds for a truncated or foreign file
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise CheckpointError(f"state '{path}' is damaged: {reason}") from error


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
