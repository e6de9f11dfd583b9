"""Tables that grow on disk while a run trains."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from p2e.loop.live_tables import LiveTables
from p2e.loop.recorder import Recorder, Row

EPISODE: Row = {"seed": 0, "step": 5, "episode": 0, "return": 0.1 + 0.2, "length": 5, "seconds": 1}


@pytest.fixture
def followed(tmp_path: Path) -> Iterator[Recorder]:
    """A recorder whose rows are in tmp_path/live."""
    recorder, live = Recorder(), LiveTables(tmp_path / "live")
    recorder.follow(live)
    yield recorder
    live.close()


def live(folder: Path, table: str) -> str:
    return (folder / "live" / f"{table}.csv").read_text()


def assert_as_at_the_end(recorder: Recorder, folder: Path) -> None:
    """The live tables have the bytes of what the recorder writes at the end of a run."""
    recorder.write(folder)
    for table in ("training", "evaluation", "losses"):
        assert (folder / f"{table}.csv").read_bytes() == live(folder, table).encode()


def test_the_tables_are_there_from_the_beginning(followed: Recorder, tmp_path: Path) -> None:
    assert live(tmp_path, "training") == "seed,step,episode,return,length,seconds\n"
    assert {path.name for path in (tmp_path / "live").iterdir()} == {
        "training.csv",
        "evaluation.csv",
        "losses.csv",
    }


def test_each_row_is_there_at_once(followed: Recorder, tmp_path: Path) -> None:
    followed.add("training", EPISODE)
    assert live(tmp_path, "training").splitlines()[1:] == ["0,5,0,0.30000000000000004,5,1"]
    followed.add("training", EPISODE | {"step": 10})
    assert len(live(tmp_path, "training").splitlines()) == 3
    assert_as_at_the_end(followed, tmp_path)


def test_a_column_that_appears_later_is_blank_in_the_rows_before(
    followed: Recorder, tmp_path: Path
) -> None:
    followed.add("losses", {"seed": 0, "step": 5, "alpha": 0.5})
    followed.add("losses", {"seed": 0, "step": 10, "alpha": 0.25, "world_loss": 1e-9})
    followed.add("losses", {"seed": 0, "step": 15, "world_loss": 2.0})
    assert live(tmp_path, "losses").splitlines() == [
        "seed,step,alpha,world_loss",
        "0,5,0.5,",
        "0,10,0.25,1e-09",
        "0,15,,2.0",
    ]
    assert_as_at_the_end(followed, tmp_path)


def test_a_resumed_run_removes_the_rows_after_its_state(tmp_path: Path) -> None:
    first, killed = Recorder(), LiveTables(tmp_path / "live")
    first.follow(killed)
    first.add("training", EPISODE)
    state = first.state_dict()
    first.add("training", EPISODE | {"step": 10})
    first.add("losses", {"seed": 0, "step": 10, "alpha": 1.0})
    killed.close()

    resumed, again = Recorder(), LiveTables(tmp_path / "live")
    resumed.load_state_dict(state)
    resumed.follow(again)
    assert len(live(tmp_path, "training").splitlines()) == 2
    assert live(tmp_path, "losses") == "seed,step\n"
    resumed.add("training", EPISODE | {"step": 11})
    assert live(tmp_path, "training").splitlines()[2].startswith("0,11,")
    assert_as_at_the_end(resumed, tmp_path)
    again.close()


def test_a_folder_that_cannot_be_written_is_one_line_and_no_end_of_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "live").write_text("in the way")
    recorder = Recorder()
    recorder.follow(LiveTables(tmp_path / "live"))
    recorder.add("training", EPISODE)
    recorder.add("training", EPISODE)
    assert len(recorder.tables["training"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("no more live tables in") and error.count("\n") == 1
