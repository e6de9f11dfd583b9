"""Which observation and action spaces the benchmark can use, and how they become flat arrays."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Dict, Space, Tuple
from numpy.typing import NDArray

from envs.simulation.errors import UnsupportedSpaceError, WrongValueError

# Numbers of an observation. More are an image or a point cloud: they need an encoder of their own.
LARGEST_OBSERVATION = 1024
# What lies beyond is "no bound" in some simulators: random actions of that size make no sense.
LARGEST_ACTION = 1e6


def is_plain(observations: object, actions: object) -> bool:
    """Whether the spaces are one-dimensional Boxes of floats, so that nothing has to be changed."""
    return all(
        isinstance(space, Box) and len(space.shape) == 1 and np.issubdtype(space.dtype, np.floating)
        for space in (observations, actions)
    )


def require_observations(environment_id: str, space: object) -> None:
    """Raises UnsupportedSpaceError unless `space` is a Box, or a Dict or Tuple of such, with at
    most LARGEST_OBSERVATION numbers in all."""
    size = 0
    for name, part in leaves(space):
        if not isinstance(part, Box):
            raise UnsupportedSpaceError(
                f"environment {environment_id!r} has the observation space {part}{name}; expected "
                "a Box, or a Dict or Tuple of Boxes"
            )
        size += int(np.prod(part.shape))
    if not 0 < size <= LARGEST_OBSERVATION:
        raise UnsupportedSpaceError(
            f"environment {environment_id!r} has observations of {size} numbers; expected 1 to "
            f"{LARGEST_OBSERVATION} (images need an encoder that the benchmark does not have)"
        )


def require_actions(environment_id: str, space: object) -> None:
    """Raises UnsupportedSpaceError unless `space` is a Box of floats with bounds within
    +-LARGEST_ACTION."""
    suitable = (
        isinstance(space, Box)
        and np.issubdtype(space.dtype, np.floating)
        and int(np.prod(space.shape)) > 0
        and bool(np.all(np.abs([space.low, space.high]) <= LARGEST_ACTION))
    )
    if not suitable:
        raise UnsupportedSpaceError(
            f"environment {environment_id!r} has the action space {space}; expected a Box of "
            f"floats with bounds within +-{LARGEST_ACTION:,.0f}"
        )


def leaves(space: object, name: str = "") -> Iterator[tuple[str, object]]:
    """The parts of nested Dict and Tuple spaces in the order in which they are flattened.

    A Dict's parts come in the order of its keys (Gymnasium sorts those of a plain dict), a Tuple's
    in their own order. Each part comes with its place, such as " at 'camera' at 0".
    """
    if isinstance(space, Dict):
        for key, part in space.spaces.items():
            yield from leaves(part, f"{name} at {key!r}")
    elif isinstance(space, Tuple):
        for place, part in enumerate(space.spaces):
            yield from leaves(part, f"{name} at {place}")
    else:
        yield name, space


def flat_box(space: Space[Any]) -> Box:
    """The one-dimensional float32 Box of a space's flattened values."""
    parts = [part for _, part in leaves(space) if isinstance(part, Box)]
    low, high = (
        np.concatenate([np.asarray(getattr(part, side), np.float32).ravel() for part in parts])
        for side in ("low", "high")
    )
    return Box(low, high, dtype=np.float32)


def flattened(space: object, value: Any, name: str = "") -> NDArray[np.float32]:
    """The numbers of an observation (O,) float32: the parts in the order of `leaves`, each in C
    order. Raises WrongValueError naming a part whose shape is not the declared one."""
    if isinstance(space, Dict):
        parts = [flattened(s, _part(value, k, name), f"{name} at {k!r}") for k, s in space.items()]
        return np.concatenate(parts)
    if isinstance(space, Tuple):
        places = enumerate(space.spaces)
        parts = [flattened(s, _part(value, i, name), f"{name} at {i}") for i, s in places]
        return np.concatenate(parts)
    assert isinstance(space, Box)
    numbers = np.asarray(value)
    if numbers.shape != space.shape:
        raise WrongValueError(
            f"an observation{name} of shape {numbers.shape}, but declares {space.shape}"
        )
    return numbers.astype(np.float32).ravel()


def _part(value: Any, key: Any, name: str) -> Any:
    try:
        return value[key]
    except (KeyError, IndexError, TypeError):
        raise WrongValueError(
            f"an observation{name} without the part {key!r} that it declares"
        ) from None
