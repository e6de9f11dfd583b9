"""The parameters of a suite: params.yaml with a suite's file laid over it, read and checked.

Whatever is wrong with them is one line that names the file, the key, the value and what was
expected, before anything runs.
"""

import difflib
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, ValidationError

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from envs import UnknownEnvironmentError, task
from p2e.algorithms import algorithm_names
from p2e.config import ConfigError
from runs import resolve_settings

SCHEMA = ROOT / "workflow" / "schemas" / "params.schema.yaml"
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
    """A file and what stands in it; sources are laid over each other in their order."""

    name: str
    values: Parameters


def read_source(name: str) -> Source:
    """Read a YAML file of parameters.

    Raises:
        ParameterError: when it is absent, not YAML or not a map.
    """
    try:
        values = yaml.safe_load(Path(name).read_text(encoding="utf-8"))
    except OSError as error:
        raise ParameterError(f"{name}: {error.strerror}") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ParameterError(f"{name}: line {line} is not YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError) as error:  # a character that no text holds
        raise ParameterError(f"{name}: is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise ParameterError(f"{name}: is {values!r}, expected a map of keys to values")
    return Source(name, values)


def overlay(below: Mapping[str, Any], above: Mapping[str, Any]) -> Parameters:
    """`above` laid over `below`: maps are merged key by key, anything else is replaced as a whole.

    It is what Snakemake does with `--configfile`.
    """
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        if isinstance(value, Mapping) and isinstance(under, Mapping):
            value = overlay(under, value)
        merged[key] = value
    return merged


def check(parameters: Parameters, sources: Sequence[Source]) -> None:
    """Check everything about the parameters that can be known before a run.

    Args:
        parameters: the sources laid over each other, and the command line over them.
        sources: where an error message looks for the file that holds the key.

    Raises:
        ParameterError: for the first thing that is wrong.
    """
    errors = list(Draft202012Validator(schema()).iter_errors(parameters))
    if errors:
        # A misspelt key is also a missing one: the name that stands in the file helps more.
        first = min(errors, key=lambda e: (e.validator != "additionalProperties", str(e.json_path)))
        raise ParameterError(_describe(first, sources))
    _check_name(parameters, sources)
    _check_environments(parameters, sources)
    _check_settings(parameters, sources)


def schema() -> dict[str, Any]:
    """The JSON schema of the parameters, with the algorithms that there are."""
    loaded: dict[str, Any] = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    properties = loaded["properties"]
    properties["algorithms"]["items"]["enum"] = algorithm_names()
    section = {"$ref": "#/$defs/section"}
    properties |= dict.fromkeys(algorithm_names(), section)
    settings = properties["tasks"]["items"]["properties"]["settings"]
    settings["properties"] = dict.fromkeys(["training", *algorithm_names()], section)
    return loaded


def settings_of(parameters: Parameters, place: int, algorithm: str) -> dict[str, Any]:
    """What train.py gets as --settings for the task at `place` of the list."""
    over = parameters["tasks"][place].get("settings", {})
    return {
        section: overlay(parameters.get(section, {}), over.get(section, {}))
        for section in ("training", algorithm)
    }


def _check_name(parameters: Parameters, sources: Sequence[Source]) -> None:
    """Other numbers under the same name would replace the results that the name stands for."""
    if len(sources) > 1 and not any("suite" in source.values for source in sources[1:]):
        name = parameters["suite"]
        raise ParameterError(
            f"{sources[-1].name}: the key 'suite' is missing: expected a name other than '{name}'"
        )


def _check_environments(parameters: Parameters, sources: Sequence[Source]) -> None:
    seen: dict[str, str] = {}
    for place, entry in enumerate(parameters["tasks"]):
        environment = entry["environment"]
        path = ("tasks", place, "environment")
        try:
            slug = task(environment).slug
        except UnknownEnvironmentError as error:
            detail = " ".join(str(error).split())
            raise _error(sources, path, environment, detail) from error
        if slug in seen:
            expected = f"each environment once, and the folder {slug} is that of {seen[slug]}"
            raise _error(sources, path, environment, f"expected {expected}")
        seen[slug] = environment


def _check_settings(parameters: Parameters, sources: Sequence[Source]) -> None:
    for algorithm in parameters["algorithms"]:
        for place in range(len(parameters["tasks"])):
            entry, settings = parameters["tasks"][place], settings_of(parameters, place, algorithm)
            try:
                resolve_settings(algorithm, entry["environment"], "0", entry["steps"], settings)
            except ConfigError as error:
                file = _file_of_settings(parameters, sources, place, str(error))
                raise ParameterError(f"{file}: {error}") from error


def _file_of_settings(
    parameters: Parameters, sources: Sequence[Source], place: int, message: str
) -> str:
    """The file that holds the key which a ConfigError's message quotes as 'section.key'."""
    path = message.split("'")[1].split(".") if "'" in message else []
    for start in (("tasks", place, "settings"), ()):
        value = _look_up(parameters, (*start, *path))
        if value is not _ABSENT:
            return _file_of(sources, (*start, *path), value)
    return sources[-1].name if sources else COMMAND_LINE


def _describe(error: ValidationError, sources: Sequence[Source]) -> str:
    path, keyword = list(error.absolute_path), error.validator
    if keyword == "additionalProperties":
        known = sorted(_of_schema(error, "properties"))
        key = next(key for key in error.instance if key not in known)
        value = error.instance[key]
        close = difflib.get_close_matches(str(key), known, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"expected one of {', '.join(known)}"
        file = _file_of(sources, [*path, key], value)
        return f"{file}: unknown key '{_written([*path, key])}' (value {value!r}): {hint}"
    if keyword == "required":
        key = next(key for key in _of_schema(error, "required") if key not in error.instance)
        file = _file_of(sources, path, error.instance)
        return f"{file}: the key '{_written([*path, key])}' is missing"
    return str(_error(sources, path, error.instance, f"expected {_expectation(error)}"))


def _expectation(error: ValidationError) -> str:
    """What the schema wants in the place of the error's value, in words."""
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
        case "pattern":
            return str(_of_schema(error, "description"))
        case _:
            return f"{error.validator} {wanted!r}"


def _of_schema(error: ValidationError, keyword: str) -> Any:
    """A keyword of the part of the schema that the error's value did not meet."""
    part: Any = error.schema
    return part[keyword]


def _error(
    sources: Sequence[Source], path: KeyPath, value: object, expected: str
) -> ParameterError:
    file = _file_of(sources, path, value)
    return ParameterError(f"{file}: '{_written(path)}' is {value!r}, {expected}")


def _written(path: Iterable[str | int]) -> str:
    """tasks[0].steps"""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in path]
    return "".join(parts).removeprefix(".")


_ABSENT = object()


def _look_up(values: Any, path: KeyPath) -> Any:
    for part in path:
        try:
            values = values[part]
        except (KeyError, IndexError, TypeError):
            return _ABSENT
    return values


def _file_of(sources: Sequence[Source], path: KeyPath, value: object) -> str:
    """The last file in which this value stands at this place.

    A map may be put together from several files: it is looked for in the last that has the place.
    """
    for source in reversed(sources):
        found = _look_up(source.values, path)
        if found is not _ABSENT and (found == value or isinstance(value, Mapping)):
            return source.name
    return COMMAND_LINE
