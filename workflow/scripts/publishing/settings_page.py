"""Writes the tables of settings below the marker in docs/settings.md, which is its argument.

It keeps the file's hand-written text up to the marker, and replaces everything after it.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(SCRIPTS), str(SCRIPTS.parents[1])]

import yaml

from envs.tools.generated_page import write_below
from p2e.algorithms import algorithm_names
from program.command_line import OneLineParser
from program.repository import ROOT
from runs.settings.documented import Setting, settings_in
from runs.settings.run_settings import sections_of

COMMAND = "python workflow/scripts/publishing/settings_page.py docs/settings.md"
MARKER = f"<!-- From here on by {COMMAND} -->\n"
HEADER = ("setting", "type", "default", "params.yaml", "meaning")


def generated() -> str:
    """A section for the training loop and one for each algorithm, with a table for each group."""
    parameters = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    sections = {
        section: config
        for algorithm in algorithm_names()
        for section, config in sections_of(algorithm).items()
    }
    parts = (
        _section(section, config, parameters.get(section, {}), f"## {section}")
        for section, config in sections.items()
    )
    return "\n".join(part for section in parts for part in section)


def _section(
    name: str, config: type, values: Mapping[str, Any], *introduction: str
) -> Iterator[str]:
    """The lines of a table, then those of its groups."""
    settings = settings_in(config, name)
    rows = [_row(setting, values) for setting in settings if setting.group is None]
    cells = [HEADER, ("---",) * len(HEADER), *rows]
    yield "\n".join(f"{paragraph}\n" for paragraph in introduction)
    yield "\n".join(f"| {' | '.join(row)} |" for row in cells) + "\n"
    for setting in settings:
        if setting.group is not None:
            below = values.get(_key(setting), {})
            words = f"The settings {setting.meaning}"
            yield from _section(setting.name, setting.group, below, f"### {setting.name}", words)


def _row(setting: Setting, values: Mapping[str, Any]) -> tuple[str, ...]:
    default = _written(setting.default)
    value = _written(values.get(_key(setting), setting.default))
    other = "" if value == default else f"`{value}`"
    meaning = setting.meaning.replace("|", "\\|")
    return f"`{setting.name}`", setting.kind, f"`{default}`", other, meaning


def _key(setting: Setting) -> str:
    return setting.name.rpartition(".")[2]


def _written(value: Any) -> str:
    """As `--set` and YAML take it; a whole number is the same value as the float."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value)


def main(arguments: Sequence[str] | None = None) -> None:
    """Keeps the page's text up to the marker and replaces what follows."""
    parser = OneLineParser(prog="settings_page.py", description=__doc__.splitlines()[0])
    write_below(parser, arguments, MARKER, generated)


if __name__ == "__main__":
    main()
