"""One file an algorithm. Each module has a frozen dataclass `Config` and a function
`build(problem, config)` that returns an Algorithm; nothing else needs to know its name."""

import pkgutil
from importlib import import_module
from types import ModuleType

from p2e.config import ConfigError, suggestion


def algorithm_names() -> list[str]:
    """The algorithms there are, by the names of their files."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def algorithm_module(name: str) -> ModuleType:
    """The module of an algorithm.

    Raises:
        ConfigError: when there is none of that name.
    """
    names = algorithm_names()
    if name not in names:
        raise ConfigError(f"unknown algorithm '{name}': {suggestion(name, names)}")
    return import_module(f"p2e.algorithms.{name}")
