"""Pages of which a program writes the part below a marker, and a person the part above it."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path


def write_below(
    parser: argparse.ArgumentParser,
    arguments: Sequence[str] | None,
    marker: str,
    generated: Callable[[], str],
) -> None:
    """Keeps the text of the page that the arguments name up to the marker, and replaces the rest.

    Ends the program with the parser's error if the page has no such line.
    """
    parser.add_argument("page", type=Path)
    page = parser.parse_args(arguments).page
    text = page.read_text(encoding="utf-8")
    if marker not in text:
        parser.error(f"{page} has no line {marker.strip()!r}")
    page.write_text(text.split(marker)[0] + marker + "\n" + generated(), encoding="utf-8")
