"""One file an algorithm. Each module has a frozen dataclass `Config` and a function
`build(problem, config)` that returns an Algorithm; nothing else needs to know its name. A module
of another package is named by its import path, `package.module`."""

import dataclasses
import json
import pkgutil
import re
from importlib import import_module
from types import ModuleType
from typing import Any

from p2e.config import ConfigError, from_mapping, suggestion

IMPORT_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", re.ASCII)


def algorithm_names() -> list[str]:
    """The algorithms there are, by the names of their files."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def is_import_path(name: str) -> bool:
    """Whether this names an algorithm of another package, such as `package.module`."""
    return IMPORT_PATH.fullmatch(name) is not None


def algorithm_module(name: str) -> ModuleType:
    """The module of an algorithm.

    Args:
        name: one of algorithm_names(), or the import path of a module of another package.

    Raises:
        ConfigError: in one line, when there is none of that name, or when it cannot be imported or
            does not have what an algorithm needs.
    """
    if is_import_path(name):
        return _foreign_module(name)
    names = algorithm_names()
    if name not in names:
        raise ConfigError(f"unknown algorithm '{name}': {suggestion(name, names)}")
    return import_module(f"p2e.algorithms.{name}")


def _foreign_module(name: str) -> ModuleType:
    try:
        module = import_module(name)
    except (Exception, SystemExit) as error:  # whatever somebody else's module does when imported
        absent = isinstance(error, ModuleNotFoundError) and f"{name}.".startswith(f"{error.name}.")
        expected = ", expected an installed package or one on PYTHONPATH" if absent else ""
        reason = f"{error}{expected}" if absent else _in_one_line(error)
        raise ConfigError(f"cannot import the algorithm '{name}': {reason}") from error
    config: Any = getattr(module, "Config", None)
    if not (_is_dataclass(config) and config.__dataclass_params__.frozen):
        raise ConfigError(f"the algorithm '{name}' has no frozen dataclass 'Config'")
    try:
        json.dumps(dataclasses.asdict(from_mapping(config, {}, name)))
    except Exception as error:
        expected = "expected a default for every setting, of a type that JSON has"
        raise ConfigError(f"'{name}.Config' {expected}: {_in_one_line(error)}") from error
    if not callable(getattr(module, "build", None)):
        raise ConfigError(f"the algorithm '{name}' has no function 'build(problem, config)'")
    return module


def _is_dataclass(config: object) -> bool:
    return isinstance(config, type) and dataclasses.is_dataclass(config)


def _in_one_line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
