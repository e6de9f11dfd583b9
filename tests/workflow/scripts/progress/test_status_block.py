"""Lines at the bottom of a terminal, below what others write."""

import io
import re

from progress.status_block import StatusBlock


class Terminal(io.StringIO):
    """A terminal that only appends."""

    def isatty(self) -> bool:
        return True


def screen(terminal: Terminal) -> list[str]:
    """What a terminal shows after the text that it was sent."""
    lines = [""]
    for part in re.split(r"(\x1b\[\d*[AJ]|\n)", terminal.getvalue()):
        if part == "\n":
            lines.append("")
        elif found := re.fullmatch(r"\x1b\[(\d+)A", part):
            row = len(lines) - 1 - int(found[1])
            assert row >= 0 and lines[-1] == ""
        elif part == "\x1b[J":
            lines = [*lines[:row], ""]
        else:
            lines[-1] += part
    return lines


def test_the_block_is_replaced_in_place() -> None:
    terminal = Terminal()
    block = StatusBlock(terminal)
    block.show(["run 0", "run 1", "all"])
    block.show(["run 1", "all"])
    assert screen(terminal) == ["run 1", "all", ""]
    block.show([])
    assert screen(terminal) == [""]


def test_what_others_write_is_above_and_whole() -> None:
    terminal = Terminal()
    block = StatusBlock(terminal)
    block.show(["run 0", "all"])
    for text in ("an ", "error", "\n", "two\nlines\n"):
        block.write(text)
        block.show(["run 0, later", "all"])
    assert screen(terminal) == ["an error", "two", "lines", "run 0, later", "all", ""]
    block.write("last words\n")
    block.show([])
    assert screen(terminal) == ["an error", "two", "lines", "last words", ""]


def test_the_block_stays_away_from_a_line_that_has_not_ended() -> None:
    terminal = Terminal()
    block = StatusBlock(terminal)
    block.show(["all"])
    block.write("half a line")
    block.show(["all, later"])
    assert screen(terminal) == ["half a line"]
    block.write(" ends\n")
    assert screen(terminal) == ["half a line ends", "all, later", ""]


def test_it_is_a_terminal_to_whoever_asks() -> None:
    assert StatusBlock(Terminal()).isatty()
