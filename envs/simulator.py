"""Makes one bare gymnasium simulator and checks that the benchmark can use it."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gymnasium
import mujoco
import numpy as np
from gymnasium.spaces import Box

Simulator = gymnasium.Env[Any, Any]

# Gymnasium's own HalfCheetah model uses this attribute, so users cannot act on the message.
_KNOWN_MODEL_MESSAGE = "compiler attribute 'settotalmass' is deprecated"


class UnsupportedSpaceError(ValueError):
    """An environment's observation or action space is not supported by the algorithms."""


def make_simulator(environment_id: str, render_mode: str | None = None) -> Simulator:
    """The gymnasium environment without its wrappers: the caller has to truncate its episodes.

    Raises UnsupportedSpaceError unless the observation space is a one-dimensional Box of floats,
    and the action space one with bounds.
    """
    with mujoco_messages_as_warnings():
        made = gymnasium.make(environment_id, render_mode=render_mode, disable_env_checker=True)
    simulator: Simulator = made.unwrapped
    try:
        _require_box(environment_id, "action", simulator.action_space, bounded=True)
        _require_box(environment_id, "observation", simulator.observation_space, bounded=False)
    except UnsupportedSpaceError:
        simulator.close()
        raise
    return simulator


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


def _require_box(environment_id: str, kind: str, space: object, *, bounded: bool) -> None:
    suitable = (
        isinstance(space, Box)
        and len(space.shape) == 1
        and np.issubdtype(space.dtype, np.floating)
        and (space.is_bounded("both") or not bounded)
    )
    if not suitable:
        expected = f"a {'bounded ' if bounded else ''}one-dimensional Box of floats"
        raise UnsupportedSpaceError(
            f"environment {environment_id!r} has the {kind} space {space}; expected {expected}"
        )
