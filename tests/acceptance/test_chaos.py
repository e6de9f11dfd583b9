"""Runs under failure: kills, a full disk, a second process on the same folder.

tests/acceptance/chaos.py does any number of kills; a few of them run here.
"""

import json
import os
import random
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from p2e.algorithms import algorithm_names
from p2e.nn.native.library import find_compiler
from tests.acceptance.chaos import (
    LONGEST,
    differing_files,
    finish,
    never_killed,
    start,
    trial,
    wait_until,
)

WholeRun = Callable[[str], tuple[Path, float]]


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> WholeRun:
    """`whole_run("sac")`: folder and seconds of a run that was never killed, made once."""
    made: dict[str, tuple[Path, float]] = {}

    def make(algorithm: str) -> tuple[Path, float]:
        if algorithm not in made:
            made[algorithm] = never_killed(algorithm, tmp_path_factory.mktemp("whole"))
        return made[algorithm]

    return make


def test_networks_are_compiled_where_there_is_a_compiler(whole_run: WholeRun) -> None:
    """What follows is then about the kernels; tests in tests/p2e/ resume without them."""
    whole, _ = whole_run("sac")
    manifest = json.loads((whole / "manifest.json").read_text())
    assert manifest["compiled"] == (find_compiler() is not None)


@pytest.mark.parametrize("algorithm", algorithm_names())
def test_three_kills_in_a_row_leave_no_trace(whole_run: WholeRun, algorithm: str) -> None:
    done = trial(algorithm, 3, *whole_run(algorithm), random.Random(algorithm))
    assert done.passed, done.describe()


def test_the_comparison_sees_one_digit(whole_run: WholeRun, tmp_path: Path) -> None:
    whole, _ = whole_run("sac")
    for name in os.listdir(whole):
        (tmp_path / name).write_bytes((whole / name).read_bytes())
    assert differing_files(whole, tmp_path) == []
    table = tmp_path / "evaluation.csv"
    rows = table.read_text().rstrip("\n")
    table.write_text(rows[:-1] + ("1" if rows[-1] == "0" else "0") + "\n")
    assert differing_files(whole, tmp_path) == ["evaluation.csv"]


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Callable[[int], None]]:
    """A file system of the given size at a new folder; yields a function that resizes it."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode != 0:
        pytest.skip("NOT TESTED: a small file system takes root, and the right to mount")

    def resize(size: int) -> None:
        resized = ["mount", "-o", f"remount,size={size}k", str(folder)]
        subprocess.run(resized, check=True)

    try:
        yield resize
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def last_line(output: Path) -> str:
    return output.with_name("log").read_text().splitlines()[-1]


def test_a_disk_that_fills_up_ends_a_run_in_words_and_space_lets_it_go_on(
    whole_run: WholeRun, tmp_path: Path
) -> None:
    """First with room for no state, then for one, then for both generations and the next one.

    The live tables and the progress file take 20 of the kilobytes.
    """
    whole, _ = whole_run("sac")
    output = tmp_path / "disk" / "run"
    with small_disk(output.parent, 80) as resize:
        for size, kept in ((80, []), (180, ["state.pt"]), (280, ["state.pt", "state.pt.previous"])):
            resize(size)
            assert finish("sac", output)
            state = output.with_name("run.state")
            expected = f"cannot write state '{state / 'state.pt'}': No space left on device"
            assert expected in last_line(output)
            files = sorted(file.name for file in state.iterdir())
            assert files == ["live", "lock", "progress.json", *kept]
        resize(2000)
        assert finish("sac", output) == ""
        assert "resumed at step" in output.with_name("log").read_text()
        assert differing_files(whole, output) == []


def test_a_disk_that_is_full_at_the_end_keeps_the_state(
    whole_run: WholeRun, tmp_path: Path
) -> None:
    whole, _ = whole_run("sac")
    with small_disk(tmp_path / "disk", 4) as resize:
        output = tmp_path / "run"
        output.symlink_to(tmp_path / "disk")
        for size in (4, 12, 20):  # not even a table; no checkpoint; no manifest
            resize(size)
            assert finish("sac", output)
            assert f"cannot write the run's files into '{output}'" in last_line(output)
            assert not (output / "manifest.json").exists()
        resize(2000)
        assert finish("sac", output) == ""
        assert "resumed at step 400" in output.with_name("log").read_text()
        assert differing_files(whole, output) == []


@pytest.mark.parametrize("killed", [False, True], ids=["that ends", "that is killed"])
def test_a_second_process_waits_for_the_first(
    whole_run: WholeRun, tmp_path: Path, killed: bool
) -> None:
    whole, _ = whole_run("sac")
    output = tmp_path / "run"
    log = output.with_name("log")
    with start("sac", output) as first:
        wait_until(lambda: (tmp_path / "run.state" / "state.pt").exists())
        first.send_signal(signal.SIGSTOP)  # or it might end before the second has started
        with start("sac", output) as second:
            wait_until(lambda: f"another process ({first.pid} on " in log.read_text())
            first.send_signal(signal.SIGKILL if killed else signal.SIGCONT)
            assert first.wait(LONGEST) == (-signal.SIGKILL if killed else 0)
            assert second.wait(LONGEST) == 0
    assert ("resumed at step" if killed else "is complete: nothing to do") in log.read_text()
    assert differing_files(whole, output) == []
