"""What a state folder tells of its run."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from p2e.loop.progress_file import ProgressFile
from progress.run_progress import read_progress, state_folder

TABLE = "seed,step,episode,return,length,success\n"


def rewrite(state: Path, **changes: Any) -> None:
    path = state / "progress.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The state folder of a run that this process trains."""
    ProgressFile(tmp_path / "progress.json", 1000, warmup_steps=0).update(250, at_once=True)
    (tmp_path / "live").mkdir()
    return tmp_path


def test_it_reads_what_a_run_writes(state: Path) -> None:
    progress = read_progress(state)
    assert progress is not None
    assert (progress.step, progress.steps_per_second, progress.working) == (250, None, True)
    assert progress.last_return is None
    rewrite(state, steps_per_second=12.5)
    found = read_progress(state)
    assert found is not None and found.steps_per_second == 12.5


def test_the_last_return_is_the_mean_of_the_last_evaluation(state: Path) -> None:
    rows = "0,100,0,9.0,5,0\n1,100,0,9.0,5,0\n0,200,0,1.0,5,0\n1,200,0,2.0,5,0\n"
    (state / "live" / "evaluation.csv").write_text(TABLE + rows)
    progress = read_progress(state)
    assert progress is not None and progress.last_return == 1.5


def test_a_process_that_has_ended_is_not_at_work(state: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    rewrite(state, pid=ended.pid)
    progress = read_progress(state)
    assert progress is not None and not progress.working


@pytest.mark.parametrize(("silent", "working"), [(60, True), (1200, False)])
def test_a_process_elsewhere_is_at_work_while_it_writes(
    state: Path, silent: int, working: bool
) -> None:
    rewrite(state, host="another", pid=os.getpid(), updated=time.time() - silent)
    progress = read_progress(state)
    assert progress is not None and progress.working == working


@pytest.mark.parametrize("content", ["", "[]", '{"step": 3}', '{"step": "x"}'])
def test_an_unreadable_file_is_no_progress(state: Path, content: str) -> None:
    (state / "progress.json").write_text(content)
    assert read_progress(state) is None
    assert read_progress(state / "absent") is None


def test_the_state_of_a_run_is_where_the_workflow_puts_it() -> None:
    folder = state_folder(Path("results/core"), "runs/Pendulum-v1/sac/0")
    assert folder.as_posix() == "results/core/state/Pendulum-v1/sac/0"
