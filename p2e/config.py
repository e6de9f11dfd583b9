"""Configuration: frozen dataclasses, filled from plain mappings, with errors that name the key."""

import dataclasses
import difflib
import math
import types
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


class ConfigError(ValueError):
    """A configuration value that cannot be used; the message is one line for the user."""


def from_mapping(cls: type[T], values: Mapping[str, Any], where: str) -> T:
    """Build the dataclass `cls` from a mapping.

    Args:
        cls: a frozen dataclass with defaults.
        values: key -> value as YAML or JSON gives them; lists become tuples.
        where: the section's name, for the error.

    Raises:
        ConfigError: naming the key, the value and what was expected.
    """
    hints = get_type_hints(cls)
    names = [field.name for field in dataclasses.fields(cls)]  # type: ignore[arg-type]
    for key in values:
        if key not in names:
            hint = suggestion(key, names)
            raise ConfigError(f"unknown key '{where}.{key}' (value {values[key]!r}): {hint}")
    converted = {
        key: _convert(hints[key], value, f"{where}.{key}") for key, value in values.items()
    }
    try:
        return cls(**converted)
    except ConfigError as error:  # a section within another knows its own name alone
        own = where.rpartition(".")[2]
        raise ConfigError(str(error).replace(f"'{own}.", f"'{where}.", 1)) from None


def suggestion(name: object, known: Sequence[str]) -> str:
    """The name that was probably meant, whatever its case, or all that there are."""
    by_lower = {one.lower(): one for one in known}
    close = difflib.get_close_matches(str(name).lower(), by_lower, n=1)
    if close:
        return f"did you mean '{by_lower[close[0]]}'?"
    return f"expected one of {', '.join(sorted(known))}"


# A size of more is a typing error; torch, NumPy and JSON do not agree on what to do with it.
LARGEST_INTEGER = 2**31 - 1


def _convert(hint: Any, value: Any, where: str) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        options = get_args(hint)
        if value is None and type(None) in options:
            return None
        (hint,) = (option for option in options if option is not type(None))
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if not isinstance(value, Mapping):
            raise ConfigError(f"'{where}' is {value!r}, expected a mapping of settings")
        return from_mapping(hint, value, where)
    if get_origin(hint) is tuple:
        if not isinstance(value, list | tuple):
            raise ConfigError(f"'{where}' is {value!r}, expected a list")
        return tuple(_convert(get_args(hint)[0], item, where) for item in value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError as error:
            raise ConfigError(f"'{where}' is {value!r:.40}..., expected a finite number") from error
    if hint is float and isinstance(value, str):
        expected = "a number (YAML reads 1e-3 as text: 1.0e-3)"
        raise ConfigError(f"'{where}' is {value!r}, expected {expected}")
    if type(value) is not hint:
        raise ConfigError(f"'{where}' is {value!r}, expected {hint.__name__}")
    if hint is int and abs(value) > LARGEST_INTEGER:
        raise ConfigError(f"'{where}' is {value!r}, expected at most {LARGEST_INTEGER}")
    if hint is float and not math.isfinite(value):
        raise ConfigError(f"'{where}' is {value!r}, expected a finite number")
    return value


def require(condition: bool, key: str, value: object, expected: str) -> None:
    """Raise ConfigError unless the condition holds; for `__post_init__` of config classes."""
    if not condition:
        raise ConfigError(f"'{key}' is {value!r}, expected {expected}")


def require_positive(config: Any, section: str, *keys: str) -> None:
    """Raise ConfigError for the first of the fields that is not greater than zero, or is a tuple
    with a part that is not."""
    for key in keys:
        value = getattr(config, key)
        if isinstance(value, tuple):
            fits, expected = all(part > 0 for part in value), "numbers greater than 0"
        else:
            fits, expected = value > 0, "a number greater than 0"
        require(fits, f"{section}.{key}", value, expected)
