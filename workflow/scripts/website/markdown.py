"""Text that becomes Markdown."""

import re
from pathlib import Path

CODE = re.compile(r"(`[^`]*`)")


def prose(text: str) -> str:
    """Markdown in which `<`, `*` and `$` outside of code are themselves."""
    parts = CODE.split(text)
    parts[::2] = [re.sub(r"([<*$])", r"\\\1", part) for part in parts[::2]]
    return "".join(parts)


def line(text: str) -> str:
    """A paragraph on one line."""
    return " ".join(prose(text).split())


def write_page(path: Path, text: str) -> None:
    """Write a page into a folder that may be missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
