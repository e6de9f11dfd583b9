"""MuJoCo's messages while a model is loaded, as Python warnings."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import mujoco

# Gymnasium's own HalfCheetah model uses this attribute, so users cannot act on the message.
_KNOWN_MODEL_MESSAGE = "compiler attribute 'settotalmass' is deprecated"


@contextmanager
def mujoco_messages_as_warnings() -> Iterator[None]:
    """While a model is loaded, MuJoCo's messages become Python warnings.

    By default MuJoCo prints them and appends them to a MUJOCO_LOG.TXT in the working directory.
    """
    messages: list[str] = []
    previous = mujoco.get_mju_user_warning()
    mujoco.set_mju_user_warning(messages.append)
    try:
        yield
    finally:
        mujoco.set_mju_user_warning(previous)
    for message in messages:
        if not message.startswith(_KNOWN_MODEL_MESSAGE):
            warnings.warn(f"MuJoCo: {message}", RuntimeWarning, stacklevel=3)
