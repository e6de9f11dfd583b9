"""The tables of a run, kept in memory while it trains and written as CSV at its end; the episodes
that become rows of training.csv."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

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


@runtime_checkable
class Follower(Protocol):
    """Whoever is told of each row when it is recorded."""

    def begin(self, tables: Mapping[str, Sequence[Row]], /) -> None:
        """The rows recorded so far: none, or those of a resumed run."""

    def added(self, table: str, rows: Sequence[Row], /) -> None:
        """The rows of a table, of which the last is new."""

    def close(self) -> None:
        """No further row will come."""


class Recorder:
    """Tables of rows: the key columns first, then any others in order of appearance."""

    def __init__(self) -> None:
        self.tables: dict[str, list[Row]] = {name: [] for name in KEY_COLUMNS}
        self._followers: list[Follower] = []

    def follow(self, follower: Follower) -> None:
        """Tell `follower` of the rows so far, and of each that is added from now on."""
        follower.begin(self.tables)
        self._followers.append(follower)

    def add(self, table: str, row: Row) -> None:
        """Append a row to a table."""
        self.tables[table].append(row)
        for follower in self._followers:
            follower.added(table, self.tables[table])

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


class RunningEpisodes:
    """The training episode that each of S seeds is in: its number, and its sums so far."""

    def __init__(self, seeds: Sequence[int]) -> None:
        self._seeds = seeds
        self._number, self._length = [0] * len(seeds), [0] * len(seeds)
        self._return = [0.0] * len(seeds)

    def add(self, rewards: Sequence[float], ended: Sequence[bool]) -> list[tuple[int, Row]]:
        """Add one step of every seed; returns the place, 0 to S - 1, and the row of each episode
        that ended with it.

        Args:
            rewards: one for each seed. ended: whether the step ended the seed's episode.
        """
        rows = []
        for place, (reward, over) in enumerate(zip(rewards, ended, strict=True)):
            self._return[place] += reward
            self._length[place] += 1
            if over:
                rows.append((place, self._row(place)))
                self._number[place] += 1
                self._return[place], self._length[place] = 0.0, 0
        return rows

    def _row(self, place: int) -> Row:
        return {
            "seed": self._seeds[place],
            "episode": self._number[place],
            "return": self._return[place],
            "length": self._length[place],
        }

    def state_dict(self) -> dict[str, Any]:
        return {"number": self._number, "length": self._length, "return": self._return}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._number, self._length = state["number"], state["length"]
        self._return = state["return"]


def columns_of(key_columns: Sequence[str], rows: Sequence[Row]) -> list[str]:
    """The key columns, then the others in order of appearance."""
    return list(dict.fromkeys([*key_columns, *(key for row in rows for key in row)]))


def write_csv(path: Path, key_columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Write rows with the union of their columns; a value that a row lacks stays blank."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(
            file, columns_of(key_columns, rows), restval="", lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows(rows)
