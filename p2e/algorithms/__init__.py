"""One file an algorithm. Each module has a frozen dataclass `Config` and a function
`build(problem, config)` that returns an Algorithm; nothing else needs to know its name."""

import difflib
import pkgutil
from importlib import import_module
from types import ModuleType

from p2e.config import ConfigError


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
        close = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"expected one of {names}"
        raise ConfigError(f"unknown algorithm '{name}': {hint}")
    return import_module(f"p2e.algorithms.{name}")
