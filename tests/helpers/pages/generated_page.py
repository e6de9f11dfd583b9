"""Documents whose end is written by a program, below a marker."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import pytest


class PageProgram(Protocol):
    """The module of such a program."""

    MARKER: str

    def generated(self) -> str:
        """What stands below the marker."""
        ...

    def main(self, arguments: Sequence[str] | None = None) -> None:
        """The program."""
        ...


def check_page(
    program: PageProgram, document: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The document is current, the program keeps what is written by hand above the marker, and
    refuses a page without it."""
    below = f"{program.MARKER}\n{program.generated()}"
    assert document.read_text(encoding="utf-8").endswith(below)
    page = folder / document.name
    page.write_text(f"By hand.\n\n{program.MARKER}old", encoding="utf-8")
    program.main([str(page)])
    assert page.read_text(encoding="utf-8") == f"By hand.\n\n{below}"
    page.write_text("By hand.\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="2"):
        program.main([str(page)])
    assert "has no line" in capsys.readouterr().err
    assert page.read_text(encoding="utf-8") == "By hand.\n"
