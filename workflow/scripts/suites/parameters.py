"""The parameters of a suite: params.yaml overridden by a suite's file, read and checked.

Any error is reported before anything runs, in one line that names the file, the key, the value and
what was expected.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from envs import InvalidEnvironmentError
from envs.task import slug
from p2e.algorithms import algorithm_module, algorithm_names
from p2e.config import ConfigError, from_mapping
from program.repository import ROOT
from runs.parts import try_environment
from runs.settings.overlay import overlay
from runs.settings.run_settings import RunSettings, resolve_settings
from runs.settings.task_settings import TaskSettings, facts_of_runs
from suites.parameter_errors import (
    ABSENT,
    COMMAND_LINE,
    KeyPath,
    ParameterError,
    Parameters,
    Source,
    at,
    file_of,
    look_up,
    of_schema,
)
from suites.variants import base_algorithm, changed_settings, foreign_algorithms

SCHEMA = ROOT / "workflow" / "schemas" / "params.schema.yaml"


def read_source(name: str) -> Source:
    """Read a YAML file of parameters.

    Raises:
        ParameterError: when it is missing, not YAML or not a map.
    """
    try:
        values = yaml.safe_load(Path(name).read_text(encoding="utf-8"))
    except OSError as error:
        raise ParameterError(f"{name}: {error.strerror}") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ParameterError(f"{name}: line {line} is not YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError) as error:  # a character that text may not contain
        raise ParameterError(f"{name}: is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise ParameterError(f"{name}: is {values!r}, expected a map of keys to values")
    return Source(name, values)


def check(parameters: Parameters, sources: Sequence[Source]) -> None:
    """Check everything about the parameters that can be known before a run.

    Args:
        parameters: the merged sources, overridden by the command line.
        sources: searched for the file that an error message names.

    Raises:
        ParameterError: for the first error.
    """
    variants = parameters.get("variants")
    names = [str(name) for name in variants] if isinstance(variants, Mapping) else []
    foreign = foreign_algorithms(parameters)
    errors = list(Draft202012Validator(schema(names, foreign)).iter_errors(parameters))
    if errors:
        # A misspelt key is also a missing one; naming the key that is in the file helps more.
        first = min(errors, key=lambda e: (e.validator != "additionalProperties", str(e.json_path)))
        raise of_schema(first, sources)
    _check_name(parameters, sources)
    _check_foreign(foreign, parameters, sources)
    _check_environments(parameters, sources)
    _check_cases(parameters, sources)


def schema(variants: Sequence[str] = (), foreign: Sequence[str] = ()) -> dict[str, Any]:
    """The JSON schema of the parameters, with the names of the existing algorithms.

    Args:
        variants: further names that the list of algorithms may contain.
        foreign: import paths of algorithms of other packages.
    """
    loaded: dict[str, Any] = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    properties = loaded["properties"]
    algorithms = [*algorithm_names(), *foreign]
    cases = [*algorithms, *variants]
    properties["algorithms"]["items"]["enum"] = cases
    section = {"$ref": "#/$defs/section"}
    properties |= dict.fromkeys(algorithms, section)
    settings = properties["tasks"]["items"]["properties"]["settings"]
    settings["properties"] = dict.fromkeys(["training", *cases], section)
    known = "|".join(map(re.escape, algorithms))
    name = properties["variants"]["propertyNames"]
    name["pattern"] = name["pattern"].replace("ALGORITHM", f"({known})")
    return loaded


def settings_of(parameters: Parameters, place: int, case: str) -> dict[str, Any]:
    """What train.py gets as --settings for the task at `place` of the list.

    What the suite says about the task, unless only the report needs it, is the section `task`. The
    task's settings override the algorithm's section, a variant's override both, and the task's
    settings for that variant override all of them.
    """
    entry = parameters["tasks"][place]
    over = entry.get("settings", {})
    algorithm = base_algorithm(case)
    settings = {
        section: overlay(parameters.get(section, {}), over.get(section, {}))
        for section in ("training", algorithm)
    }
    for above in changed_settings(parameters, place, case):
        settings[algorithm] = overlay(settings[algorithm], above)
    if of_task := facts_of_runs(entry.get("task", {})):
        settings["task"] = of_task
    return settings


def _check_name(parameters: Parameters, sources: Sequence[Source]) -> None:
    """A suite with other numbers under an existing name would overwrite that suite's results."""
    if len(sources) > 1 and not any("suite" in source.values for source in sources[1:]):
        name = parameters["suite"]
        raise ParameterError(
            f"{sources[-1].name}: the key 'suite' is missing: expected a name other than '{name}'"
        )


def _check_foreign(
    foreign: Sequence[str], parameters: Parameters, sources: Sequence[Source]
) -> None:
    """Import every algorithm of another package, before it is said to have wrong settings."""
    for name in foreign:
        try:
            algorithm_module(name)
        except ConfigError as error:
            path: KeyPath = [name] if name in parameters else ["algorithms"]
            file = file_of(sources, path, look_up(parameters, path))
            raise ParameterError(f"{file}: {error}") from error


def _check_environments(parameters: Parameters, sources: Sequence[Source]) -> None:
    seen: dict[str, str] = {}
    for place, entry in enumerate(parameters["tasks"]):
        environment = entry["environment"]
        path = ("tasks", place, "environment")
        try:
            facts = from_mapping(TaskSettings, entry.get("task", {}), "task")
            try_environment(facts.applied_to(environment))
        except InvalidEnvironmentError as error:
            detail = " ".join(str(error).split())
            raise at(sources, path, environment, detail) from error
        except ConfigError as error:
            file = file_of(sources, ("tasks", place, "task"), {})
            raise ParameterError(f"{file}: 'tasks[{place}]': {error}") from error
        folder = slug(environment)
        if folder in seen:
            expected = f"each environment once, and the folder {folder} is that of {seen[folder]}"
            raise at(sources, path, environment, f"expected {expected}")
        seen[folder] = environment


def _check_cases(parameters: Parameters, sources: Sequence[Source]) -> None:
    """Check that every variant is run, and that cases have only settings of their algorithm.

    A suite need not run the variants of the core suite, which are at hand in every suite.
    """
    of_core = sources[0].values.get("variants", {}) if len(sources) > 1 else {}
    for variant, settings in parameters.get("variants", {}).items():
        if variant not in parameters["algorithms"] and variant not in of_core:
            file = file_of(sources, ("variants", variant), settings)
            raise ParameterError(f"{file}: the variant '{variant}' is not in the list 'algorithms'")
    for place in range(len(parameters["tasks"])):
        resolved: dict[str, RunSettings] = {}
        for case in parameters["algorithms"]:
            settings = _resolved(parameters, sources, place, case)
            twin = next((name for name, other in resolved.items() if other == settings), None)
            if twin is not None:
                file = file_of(sources, ("variants",), {})
                environment = parameters["tasks"][place]["environment"]
                raise ParameterError(
                    f"{file}: on {environment} '{case}' has the settings of '{twin}', "
                    "expected cases that differ"
                )
            resolved[case] = settings


def _resolved(
    parameters: Parameters, sources: Sequence[Source], place: int, case: str
) -> RunSettings:
    """The settings of a case for the task at `place`, with every default written out."""
    entry, settings = parameters["tasks"][place], settings_of(parameters, place, case)
    environment, steps = entry["environment"], entry["steps"]
    try:
        return resolve_settings(base_algorithm(case), environment, "0", steps, settings)
    except ConfigError as error:
        file = _file_of_settings(parameters, sources, place, case, str(error))
        where = f", in the variant '{case}'" if case in parameters.get("variants", {}) else ""
        raise ParameterError(f"{file}: {error}{where}") from error


def _file_of_settings(
    parameters: Parameters, sources: Sequence[Source], place: int, case: str, message: str
) -> str:
    """The file with the key that a ConfigError's message quotes as 'section.key'."""
    quoted, algorithm = message.split("'")[1] if "'" in message else "", base_algorithm(case)
    path = quoted.split(".")
    if quoted.startswith(f"{algorithm}."):  # an import path has dots itself
        path = [algorithm, *quoted[len(algorithm) + 1 :].split(".")]
    places: list[KeyPath] = [
        ("tasks", place, "settings", case, *path[1:]),
        ("variants", case, *path[1:]),
        ("tasks", place, "settings", *path),
        path,
    ]
    for found in places:
        value = look_up(parameters, found)
        if value is not ABSENT:
            return file_of(sources, found, value)
    return sources[-1].name if sources else COMMAND_LINE
