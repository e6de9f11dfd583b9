"""Settings from the command line: `--set plan2explore.world.latent_size=16`."""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import yaml

from p2e.config import ConfigError
from runs.settings.documented import setting_names
from runs.settings.overlay import nested, overlay

EXAMPLE = "SECTION.KEY=VALUE such as training.log_interval=100"


class _Loader(yaml.SafeLoader):
    """Reads 1e-3 as a number, as YAML 1.2 does. PyYAML implements YAML 1.1, where it is text."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)


def with_assignments(
    settings: Mapping[str, Any], assignments: Sequence[str], sections: Mapping[str, type]
) -> dict[str, Any]:
    """`settings` with each assignment `section.key=value` laid over it, in their order.

    Values are YAML; their types are checked later, with those of `settings`.

    Args:
        settings: {"training": {...}, "<algorithm>": {...}}
        sections: the configuration class of each section that may be named.

    Raises:
        ConfigError: for a text without '=', an unknown section, or a value that is not YAML.
    """
    merged = dict(settings)
    for text in assignments:
        name, equals, written = text.partition("=")
        if not equals:
            raise ConfigError(f"'--set' is {text!r}, expected {EXAMPLE}")
        value = _value(text, written)
        section, keys = _place(text, name, sections)
        merged = overlay(merged, nested([section, *keys], value))
    return merged


def _place(text: str, name: str, sections: Mapping[str, type]) -> tuple[str, list[str]]:
    """The section of a setting, and the keys below it. A section's name may have dots itself."""
    fitting = [section for section in sections if name.startswith(f"{section}.")]
    if fitting:
        section = max(fitting, key=len)
        return section, name[len(section) + 1 :].split(".")
    known = [one for section, config in sections.items() for one in setting_names(config, section)]
    same_end = [one for one in known if one.endswith(f".{name}")]
    close = same_end or get_close_matches(name, known, n=1)
    if close and name not in sections:
        raise ConfigError(f"'--set' is {text!r}: did you mean '{close[0]}'?")
    expected = f"expected a setting of one of {', '.join(sections)} (docs/settings.md)"
    raise ConfigError(f"'--set' is {text!r}, {expected}")


def _value(text: str, written: str) -> Any:
    try:
        return yaml.load(written, _Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = getattr(error, "problem", None) or type(error).__name__
        raise ConfigError(f"'--set' is {text!r}, expected a value as in YAML: {reason}") from error
