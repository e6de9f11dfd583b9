"""Every setting with its meaning, read from the configuration classes and their docstrings."""

import dataclasses
import inspect
import re
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

# `name: meaning` or `one, other: meaning`, at the indentation of the entries of "Args:".
ENTRY = re.compile(r"(\w+(?:, \w+)*): (.*)")


@dataclass(frozen=True)
class Setting:
    """One setting, or a group of settings.

    Args:
        name: with its section, `plan2explore.world.latent_size`.
        kind: its type in words.
        default: None for a group.
        meaning: from the docstring; empty where it has none.
        group: the configuration class of a group, else None.
    """

    name: str
    kind: str
    default: Any
    meaning: str
    group: type | None = None


def settings_in(config: type, section: str) -> list[Setting]:
    """The settings of one configuration class, groups as one entry, in the order of its fields."""
    hints, meanings = get_type_hints(config), meanings_in(config)
    return [
        _setting(f"{section}.{field.name}", hints[field.name], meanings.get(field.name, ""), field)
        for field in dataclasses.fields(config)
    ]


def setting_names(config: type, section: str) -> Iterator[str]:
    """The names of all settings of a configuration class and its groups, as `--set` takes them."""
    for setting in settings_in(config, section):
        if setting.group is None:
            yield setting.name
        else:
            yield from setting_names(setting.group, setting.name)


def meanings_in(config: type) -> dict[str, str]:
    """What the "Args:" of a docstring say about each name, in one line each."""
    _, _, entries = inspect.cleandoc(config.__doc__ or "").partition("\nArgs:\n")
    meanings: dict[str, str] = {}
    names: list[str] = []
    # The entries end where a line is not indented, such as "Raises:".
    for line in re.split(r"\n(?=\S)", entries)[0].splitlines():
        entry = ENTRY.fullmatch(line[4:])
        if entry:
            names, words = entry[1].split(", "), entry[2]
        else:
            words = line.strip()
        for name in names:
            meanings[name] = f"{meanings.get(name, '')} {words}".strip()
    return meanings


def _setting(name: str, hint: Any, meaning: str, field: "dataclasses.Field[Any]") -> Setting:
    group = next((one for one in (hint, *get_args(hint)) if dataclasses.is_dataclass(one)), None)
    if isinstance(group, type):  # also one that may be left out
        return Setting(name, "group", None, meaning, group)
    made = field.default_factory
    default = field.default if made is dataclasses.MISSING else made()
    return Setting(name, _in_words(hint), default, meaning)


def _in_words(hint: Any) -> str:
    """`int`, `list of int`, `float or null`."""
    if get_origin(hint) in (Union, types.UnionType):
        return " or ".join(map(_in_words, get_args(hint)))
    if get_origin(hint) is tuple:
        return f"list of {_in_words(get_args(hint)[0])}"
    return "null" if hint is type(None) else str(hint.__name__)
