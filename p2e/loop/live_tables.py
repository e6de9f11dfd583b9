"""Tables that grow on disk while a run trains, for whoever wants to look on."""

import csv
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TextIO

from p2e.loop.recorder import KEY_COLUMNS, Row, columns_of, table_file, write_csv

# What tells how a run is doing; the other tables compare a world model with the truth.
LIVE = ("training", "evaluation", "losses")


class LiveTables:
    """Follows a recorder: each row is in its file as soon as it is recorded.

    A run that is resumed starts from its last saved state, and so do these tables: rows that were
    recorded after that state are removed, and are recorded again. At the end of a run the files
    have the same bytes as those in the run's folder.

    A file that cannot be written ends the live tables with one line, and never the run.

    Args:
        folder: where the files are written; made where it does not exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._columns: dict[str, list[str]] = {}
        self._files: dict[str, TextIO] = {}
        self._working = True

    def begin(self, tables: Mapping[str, Sequence[Row]]) -> None:
        """Write the rows recorded so far, in place of those in the files."""
        self._guarded(partial(self._folder.mkdir, parents=True, exist_ok=True))
        for name in LIVE:
            self._guarded(partial(self._rewrite, name, tables[name]))

    def added(self, table: str, rows: Sequence[Row]) -> None:
        """Write the last of a table's rows, or the whole table if that row has a new column."""
        if table not in LIVE or not self._working:
            return
        if rows[-1].keys() <= set(self._columns[table]):
            self._guarded(partial(self._append, table, rows[-1]))
        else:
            self._guarded(partial(self._rewrite, table, rows))

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            with suppress(OSError):
                file.close()
        self._files.clear()

    def _append(self, table: str, row: Row) -> None:
        csv.DictWriter(
            self._files[table], self._columns[table], restval="", lineterminator="\n"
        ).writerow(row)

    def _rewrite(self, table: str, rows: Sequence[Row]) -> None:
        path = self._folder / table_file(table)
        temporary = path.with_name(path.name + ".part")
        if table in self._files:
            self._files.pop(table).close()
        try:
            write_csv(temporary, KEY_COLUMNS[table], rows)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        self._columns[table] = columns_of(KEY_COLUMNS[table], rows)
        # Each row reaches the file at the end of its line.
        self._files[table] = path.open("a", newline="", buffering=1)

    def _guarded(self, write: Callable[[], None]) -> None:
        try:
            if self._working:
                write()
        except OSError as error:
            self._working = False
            self.close()
            print(f"no more live tables in '{self._folder}': {error.strerror}", file=sys.stderr)
