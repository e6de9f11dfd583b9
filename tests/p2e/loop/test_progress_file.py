"""The file that tells other programs how far a run is."""

import io
import json
import os
import socket
from pathlib import Path
from typing import Any

from p2e.loop.progress import Progress
from p2e.loop.progress_file import ProgressFile


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def test_it_names_the_run_s_steps_and_its_process(tmp_path: Path) -> None:
    file = ProgressFile(tmp_path / "progress.json", 1000, warmup_steps=0)
    file.update(40, at_once=True)
    content = read(tmp_path / "progress.json")
    assert (content["step"], content["steps"]) == (40, 1000)
    assert (content["pid"], content["host"]) == (os.getpid(), socket.gethostname())
    assert [path.name for path in tmp_path.iterdir()] == ["progress.json"]


def test_it_is_written_at_most_once_in_the_interval(tmp_path: Path) -> None:
    clock, path = Clock(), tmp_path / "progress.json"
    file = ProgressFile(path, 1000, warmup_steps=0, interval=2.0, clock=clock)
    clock.now += 1.9
    file.update(1)
    assert not path.exists()
    clock.now += 0.2
    file.update(2)
    assert read(path)["step"] == 2
    clock.now += 1.9
    file.update(3)
    assert read(path)["step"] == 2
    file.update(3, at_once=True)
    assert read(path)["step"] == 3


def test_the_speed_is_that_of_the_steps_that_learn(tmp_path: Path) -> None:
    clock, path = Clock(), tmp_path / "progress.json"
    file = ProgressFile(path, 1000, warmup_steps=100, interval=0.0, clock=clock)
    for step in range(1, 101):
        clock.now += 0.1
        file.update(step)
    assert read(path)["steps_per_second"] is None
    clock.now += 60  # the first step that learns trains a world model from the warm-up's steps
    file.update(101)
    clock.now += 4
    file.update(102)
    assert read(path)["steps_per_second"] is None  # too short a time
    clock.now += 16
    file.update(141)
    assert read(path)["steps_per_second"] == 2.0
    assert read(path)["seconds"] == 90.0


def test_a_file_that_cannot_be_written_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("in the way")
    ProgressFile(tmp_path / "folder" / "progress.json", 10, 0).update(1, at_once=True)


def test_a_run_s_progress_keeps_it_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "progress.json"
    file = ProgressFile(path, 10, warmup_steps=0, interval=0.0)
    progress = Progress(total=10, done=3, stream=io.StringIO(), file=file)
    assert read(path)["step"] == 3
    progress.step()
    assert read(path)["step"] == 4
    progress.close()
    assert read(path)["step"] == 4
