"""Whether a state that was read has the form of one that fits."""

from typing import Any

from torch import Tensor


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
