"""The tables of a run as CSV."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from p2e.loop.recorder import Recorder, Row, RunningEpisodes, write_csv

HEADERS = {
    "training": ["seed", "step", "episode", "return", "length", "seconds"],
    "evaluation": ["seed", "step", "episode", "return", "length", "success"],
    "losses": ["seed", "step"],
}


def read(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    with path.open(newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    return list(reader.fieldnames or []), rows


def test_empty_tables_have_their_headers(tmp_path: Path) -> None:
    Recorder().write(tmp_path)
    for name, header in HEADERS.items():
        assert read(tmp_path / f"{name}.csv") == (header, [])


def test_key_columns_lead_and_a_missing_value_is_blank(tmp_path: Path) -> None:
    recorder = Recorder()
    recorder.add("losses", {"critic_loss": 0.1, "step": 500, "seed": 3})
    recorder.add("losses", {"seed": 3, "step": 1000, "alpha": 1e-7, "critic_loss": 1 / 3})
    recorder.write(tmp_path)
    columns, rows = read(tmp_path / "losses.csv")
    assert columns == ["seed", "step", "critic_loss", "alpha"]
    assert rows[0] == {"seed": "3", "step": "500", "critic_loss": "0.1", "alpha": ""}
    assert float(rows[1]["critic_loss"]) == 1 / 3 and float(rows[1]["alpha"]) == 1e-7
    assert b"\r" not in (tmp_path / "losses.csv").read_bytes()


def test_a_restored_recorder_holds_the_same_values() -> None:
    recorder, restored = Recorder(), Recorder()
    row = {"seed": 0, "step": 10, "episode": 1, "return": 0.1 + 0.2, "length": 5, "seconds": 1e-9}
    recorder.add("training", row)
    recorder.add("evaluation", row | {"return": -math.inf, "success": 1})
    restored.add("training", row)
    file = io.BytesIO()
    torch.save(recorder.state_dict(), file)
    file.seek(0)
    restored.load_state_dict(torch.load(file, weights_only=True))
    assert restored.tables == recorder.tables
    restored.add("training", row)
    assert len(restored.tables["training"]) == 2 and len(recorder.tables["training"]) == 1


def test_values_with_commas_are_quoted(tmp_path: Path) -> None:
    write_csv(tmp_path / "x.csv", ["a"], [{"a": "p,q", "b": 1}])
    assert (tmp_path / "x.csv").read_text() == 'a,b\n"p,q",1\n'


class Notes:
    """A follower that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, list[Row]]] = []

    def begin(self, tables: Mapping[str, Sequence[Row]]) -> None:
        self.told += [(f"begin {name}", [*rows]) for name, rows in tables.items() if rows]

    def added(self, table: str, rows: Sequence[Row]) -> None:
        self.told.append((table, [*rows]))

    def close(self) -> None:
        pass


def test_a_follower_is_told_of_the_rows_so_far_and_of_each_new_one() -> None:
    recorder, notes = Recorder(), Notes()
    one, two = {"seed": 0, "step": 1}, {"seed": 0, "step": 2}
    recorder.add("losses", one)
    recorder.follow(notes)
    recorder.add("losses", two)
    recorder.add("training", one)
    recorder.replace("predictions", [one])
    assert notes.told == [("begin losses", [one]), ("losses", [one, two]), ("training", [one])]


def test_running_episodes_give_a_row_for_each_that_ends() -> None:
    episodes = RunningEpisodes((4, 9))
    assert episodes.add([1.0, 0.5], [False, False]) == []
    ended = episodes.add([0.25, 0.5], [False, True])
    assert ended == [(1, {"seed": 9, "episode": 0, "return": 1.0, "length": 2})]
    resumed = RunningEpisodes((4, 9))
    resumed.load_state_dict(episodes.state_dict())
    assert resumed.add([1.0, 3.0], [True, True]) == [
        (0, {"seed": 4, "episode": 0, "return": 2.25, "length": 3}),
        (1, {"seed": 9, "episode": 1, "return": 3.0, "length": 1}),
    ]
