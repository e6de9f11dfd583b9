"""The tables of a run, kept in memory while it trains and written as CSV at its end."""

import csv
import json
from pathlib import Path
from typing import Any

Row = dict[str, Any]

KEY_COLUMNS = {
    "training": ["seed", "step", "episode", "return", "length", "seconds"],
    "evaluation": ["seed", "step", "episode", "return", "length", "success"],
    "losses": ["seed", "step"],
    "open_loop": ["seed", "step", "horizon", "error", "unchanged"],
    "predictions": ["seed", "step", "segment", "time", "feature", "truth", "predicted"],
}


def table_file(table: str) -> str:
    """The name of the file that holds a table."""
    return f"{table}.csv"


class Recorder:
    """Tables of rows: the key columns first, then any others in order of appearance."""

    def __init__(self) -> None:
        self.tables: dict[str, list[Row]] = {name: [] for name in KEY_COLUMNS}

    def add(self, table: str, row: Row) -> None:
        """Append a row to a table."""
        self.tables[table].append(row)

    def replace(self, table: str, rows: list[Row]) -> None:
        """Keep only these rows in a table."""
        self.tables[table] = rows

    def write(self, folder: Path) -> None:
        """Write every table as a file in `folder`."""
        for name, rows in self.tables.items():
            write_csv(folder / table_file(name), KEY_COLUMNS[name], rows)

    def state_dict(self) -> dict[str, str]:
        return {"tables": json.dumps(self.tables)}

    def load_state_dict(self, state: dict[str, str]) -> None:
        self.tables = json.loads(state["tables"])


def write_csv(path: Path, key_columns: list[str], rows: list[Row]) -> None:
    """Write rows with the union of their columns; a value that a row lacks stays blank."""
    columns = list(dict.fromkeys([*key_columns, *(key for row in rows for key in row)]))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
