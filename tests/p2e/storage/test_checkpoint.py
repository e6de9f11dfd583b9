"""Loading a saved state gives the newest intact one, the previous one, or a clear error."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from p2e.storage.checkpoint import (
    CheckpointError,
    load_checked,
    load_newest,
    previous_generation,
    save_checked,
)
from tests.helpers.damage import empty, truncate


def content(step: int) -> dict[str, Any]:
    return {
        "step": step,
        "rows": torch.arange(50) * step,
        "names": ["a", "b"],
        "nested": {"x": 0.1},
    }


def assert_step(loaded: Any, step: int) -> None:
    expected = content(step)
    assert torch.equal(loaded.pop("rows"), expected.pop("rows")) and loaded == expected


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.pt"


def test_round_trip_and_the_generation_before(path: Path) -> None:
    for step in (1, 2, 3):
        save_checked(path, content(step))
        assert_step(load_checked(path), step)
    assert_step(load_checked(previous_generation(path)), 2)
    loaded, problems = load_newest(path)
    assert_step(loaded, 3)
    assert problems == []
    assert {file.name for file in path.parent.iterdir()} == {"state.pt", "state.pt.previous"}


def test_without_any_state_there_is_none_and_no_problem(path: Path) -> None:
    assert load_newest(path) == (None, [])
    with pytest.raises(CheckpointError, match=f"{path}.*No such file"):
        load_checked(path)


def cut_in_the_header(data: bytes) -> bytes:
    return data[:40]


def append(data: bytes) -> bytes:
    return data + b"x"


def flip_a_late_bit(data: bytes) -> bytes:
    return data[:-200] + bytes([data[-200] ^ 1]) + data[-199:]


def flip_a_bit_of_the_hash(data: bytes) -> bytes:
    return data[:20] + bytes([data[20] ^ 1]) + data[21:]


def foreign(data: bytes) -> bytes:
    return b"seed,step,return\n0,100,1.5\n" * 100


DAMAGES = [
    truncate,
    cut_in_the_header,
    empty,
    append,
    flip_a_late_bit,
    flip_a_bit_of_the_hash,
    foreign,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_state_is_an_error_and_the_generation_before_is_used(
    path: Path, damage: Callable[[bytes], bytes]
) -> None:
    save_checked(path, content(1))
    save_checked(path, content(2))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(CheckpointError) as raised:
        load_checked(path)
    assert str(path) in str(raised.value) and "\n" not in str(raised.value)
    loaded, problems = load_newest(path)
    assert_step(loaded, 1)
    assert len(problems) == 1 and str(path) in problems[0]


def test_two_damaged_generations_give_none_and_both_problems(path: Path) -> None:
    save_checked(path, content(1))
    save_checked(path, content(2))
    for file in (path, previous_generation(path)):
        file.write_bytes(truncate(file.read_bytes()))
    loaded, problems = load_newest(path)
    assert loaded is None and len(problems) == 2


class Killed(BaseException):
    """Simulates a kill; no code may catch it."""


def kill_at(monkeypatch: pytest.MonkeyPatch, name: str, call: int) -> None:
    """Raise Killed in place of the given call (counted from 1) of os.<name>."""
    real, calls = getattr(os, name), iter(range(1, 100))

    def killing(*arguments: Any) -> Any:
        if next(calls) == call:
            raise Killed
        return real(*arguments)

    monkeypatch.setattr(os, name, killing)


@pytest.mark.parametrize(("name", "call"), [("fsync", 1), ("replace", 1), ("replace", 2)])
def test_a_kill_while_saving_leaves_a_whole_generation(
    path: Path, monkeypatch: pytest.MonkeyPatch, name: str, call: int
) -> None:
    save_checked(path, content(1))
    save_checked(path, content(2))
    with monkeypatch.context() as patch, pytest.raises(Killed):
        kill_at(patch, name, call)
        save_checked(path, content(3))
    loaded, problems = load_newest(path)
    assert loaded is not None and loaded["step"] in (2, 3) and problems == []
    save_checked(path, content(4))  # and saving works afterwards
    assert_step(load_newest(path)[0], 4)


def test_a_kill_in_the_first_save_leaves_none_or_a_whole_one(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, pytest.raises(Killed):
        kill_at(patch, "fsync", 1)
        save_checked(path, content(1))
    loaded, _ = load_newest(path)
    assert loaded is None or loaded["step"] == 1
    save_checked(path, content(2))
    assert_step(load_newest(path)[0], 2)


def test_a_kill_while_saving_over_a_damaged_state_leaves_a_whole_generation(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_checked(path, content(1))
    save_checked(path, content(2))
    path.write_bytes(truncate(path.read_bytes()))
    assert_step(load_newest(path)[0], 1)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        kill_at(patch, "replace", 2)
        save_checked(path, content(3))
    loaded, _ = load_newest(path)
    assert loaded is not None and loaded["step"] in (1, 3)


class Malicious:
    """Writes a file when it is unpickled unsafely."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self.target),))


def test_a_malicious_state_with_the_right_checksum_is_refused(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "executed"
    save_checked(path, content(1))
    save_checked(path, {"step": Malicious(target)})
    with pytest.raises(CheckpointError, match=str(path)):
        load_checked(path)
    loaded, problems = load_newest(path)
    assert_step(loaded, 1)
    assert len(problems) == 1 and not target.exists()
