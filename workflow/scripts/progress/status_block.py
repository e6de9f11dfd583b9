"""Lines that stay at the bottom of a terminal while others write above them."""

import os
import threading
from collections.abc import Sequence
from typing import Any, TextIO

from progress.status_lines import fitted


class StatusBlock:
    """A terminal, with a block of lines below what is written to it.

    It takes the place of the stream of everybody who writes there: the block is erased before each
    text, and drawn again when that text has ended its line.
    """

    def __init__(self, terminal: TextIO) -> None:
        self._terminal, self._lock = terminal, threading.RLock()
        self._lines: list[str] = []
        self._drawn = 0
        self._in_line = False

    def write(self, text: str) -> int:
        """Write above the block."""
        with self._lock:
            self._erase()
            written = self._terminal.write(text)
            self._in_line = not text.endswith("\n") if text else self._in_line
            self._draw()
            return written

    def show(self, lines: Sequence[str]) -> None:
        """Replace the block's lines; none removes it."""
        with self._lock:
            if [*lines] != self._lines:
                self._erase()
                self._lines = [*lines]
                self._draw()
                self._terminal.flush()

    def __getattr__(self, name: str) -> Any:
        """Everything else (flush, isatty, fileno, encoding) is the terminal's own."""
        return getattr(self._terminal, name)

    def _erase(self) -> None:
        if self._drawn:
            self._terminal.write(f"\x1b[{self._drawn}A\x1b[J")
            self._drawn = 0

    def _draw(self) -> None:
        if self._in_line or not self._lines:
            return
        columns, rows = self._size()
        lines = fitted(self._lines, columns, max(rows - 2, 2))
        self._terminal.write("".join(f"{line}\n" for line in lines))
        self._drawn = len(lines)

    def _size(self) -> tuple[int, int]:
        try:
            columns, rows = os.get_terminal_size(self._terminal.fileno())
        except OSError:
            return 80, 24
        return columns or 80, rows or 24  # some terminals say 0
