"""Errors in parameters, in one line: the file, the key, the value, what was expected."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jsonschema import ValidationError

from p2e.config import suggestion

COMMAND_LINE = "--config"
KINDS = {
    "object": "a map of keys to values",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
}

Parameters = dict[str, Any]
KeyPath = Sequence[str | int]


class ParameterError(ValueError):
    """Parameters that cannot be used; the message is one line for the user."""


@dataclass(frozen=True)
class Source:
    """A file and its content; each source overrides those before it."""

    name: str
    values: Parameters


def of_schema(error: ValidationError, sources: Sequence[Source]) -> ParameterError:
    """An error for what the schema does not accept."""
    path, keyword = list(error.absolute_path), error.validator
    if keyword == "additionalProperties":
        known = sorted(_part(error, "properties"))
        key = next(key for key in error.instance if key not in known)
        value = error.instance[key]
        file = file_of(sources, [*path, key], value)
        return ParameterError(
            f"{file}: unknown key '{_written([*path, key])}' (value {value!r}): "
            f"{suggestion(key, known)}"
        )
    if keyword == "required":
        key = next(key for key in _part(error, "required") if key not in error.instance)
        file = file_of(sources, path, error.instance)
        return ParameterError(f"{file}: the key '{_written([*path, key])}' is missing")
    if "propertyNames" in error.absolute_schema_path:
        key, expected = error.instance, _expectation(error)
        file = file_of(sources, [*path, key], {})
        return ParameterError(
            f"{file}: '{_written(path)}' has the key {key!r}, expected {expected}"
        )
    return at(sources, path, error.instance, f"expected {_expectation(error)}")


def at(sources: Sequence[Source], path: KeyPath, value: object, expected: str) -> ParameterError:
    """An error for a value that is invalid at this place."""
    file = file_of(sources, path, value)
    return ParameterError(f"{file}: '{_written(path)}' is {value!r}, {expected}")


def file_of(sources: Sequence[Source], path: KeyPath, value: object) -> str:
    """The last file that has this value at this place.

    A map may be merged from several files; for it, this is the last file that has the place.
    """
    for source in reversed(sources):
        found = look_up(source.values, path)
        if found is not ABSENT and (found == value or isinstance(value, Mapping)):
            return source.name
    return COMMAND_LINE


ABSENT = object()


def look_up(values: Any, path: KeyPath) -> Any:
    """The value at a place, or ABSENT."""
    for part in path:
        try:
            values = values[part]
        except (KeyError, IndexError, TypeError):
            return ABSENT
    return values


def _expectation(error: ValidationError) -> str:
    """What the schema expects instead of the error's value, in words."""
    wanted: Any = error.validator_value
    match error.validator:
        case "type":
            return KINDS[wanted]
        case "enum":
            return f"one of {', '.join(wanted)}"
        case "minimum":
            return f"a number of at least {wanted}"
        case "minItems":
            return "a list that is not empty"
        case "uniqueItems":
            return "each only once"
        case "pattern" | "anyOf":
            return str(_part(error, "description"))
        case _:
            return f"{error.validator} {wanted!r}"


def _part(error: ValidationError, keyword: str) -> Any:
    """A keyword of the part of the schema that the error's value violated."""
    part: Any = error.schema
    return part[keyword]


def _written(path: Iterable[str | int]) -> str:
    """tasks[0].steps"""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in path]
    return "".join(parts).removeprefix(".")
