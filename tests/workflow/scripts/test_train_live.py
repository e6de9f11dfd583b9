"""What a run shows while it goes on, also after it was killed and resumed."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.helpers.paths import SCRIPTS

SETTINGS = {
    "training": {
        "warmup_steps": 300,
        "evaluation_interval": 200,
        "evaluation_episodes": 2,
        "log_interval": 100,
    },
    "sac": {"agent": {"hidden": [8], "batch_size": 8}},
}
LIVE = ("training", "evaluation", "losses")


def start(output: Path) -> "subprocess.Popen[bytes]":
    """Two seeds of SAC, long enough to be looked at while they train."""
    options = ["--algorithm", "sac", "--environment", "Pendulum-v1", "--seeds", "100,101"]
    options += ["--steps", "1200", "--settings", json.dumps(SETTINGS), "--device", "cpu"]
    options += ["--output", str(output), "--tensorboard", str(output.with_name("events"))]
    return subprocess.Popen(
        [sys.executable, str(SCRIPTS / "train.py"), *options, "--state-interval", "0.3"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_until(happened: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    while not happened():
        assert process.poll() is None, "the run ended before it happened"
        time.sleep(0.01)


def rows(output: Path, table: str) -> int:
    path = output.with_name("run.state") / "live" / f"{table}.csv"
    return len(path.read_text().splitlines()) - 1 if path.exists() else 0


def progress(output: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(
        (output.with_name("run.state") / "progress.json").read_text()
    )
    return content


@pytest.fixture(scope="module")
def killed_and_resumed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was killed with rows that its last state lacks, and then trained to its end."""
    output = tmp_path_factory.mktemp("killed") / "run"
    process = start(output)
    # Both kinds of rows appear while the process is still at work, and before there is a result.
    wait_until(lambda: rows(output, "losses") >= 8, process)
    assert rows(output, "training") >= 2 and rows(output, "evaluation") >= 4
    assert not output.exists()
    assert progress(output)["steps"] == 1200 and progress(output)["pid"] == process.pid
    process.send_signal(signal.SIGKILL)
    process.wait()
    table = output.with_name("run.state") / "live" / "training.csv"
    table.write_text(table.read_text() + "100,999999,77,1.0,200,5.0\n")
    assert start(output).wait() == 0
    return output


@pytest.mark.parametrize("table", LIVE)
def test_the_live_tables_end_as_those_of_the_run(killed_and_resumed: Path, table: str) -> None:
    final = (killed_and_resumed / f"{table}.csv").read_bytes()
    live = killed_and_resumed.with_name("run.state") / "live" / f"{table}.csv"
    assert live.read_bytes() == final
    assert final.count(b"\n") > 10


def test_the_run_was_resumed_and_its_progress_is_complete(killed_and_resumed: Path) -> None:
    manifest = json.loads((killed_and_resumed / "manifest.json").read_text())
    assert manifest["attempts"] == 2
    parts = manifest["seconds_by_part"]
    assert sum(parts.values()) == pytest.approx(manifest["seconds"], abs=0.01)
    assert all(parts[name] > 0 for name in ("acting", "agents", "environment", "evaluation"))
    assert progress(killed_and_resumed)["step"] == 1200


def test_tensorboard_has_every_episode_once(killed_and_resumed: Path) -> None:
    events = EventAccumulator(str(killed_and_resumed.with_name("events") / "seed-101"))
    events.Reload()
    assert [point.step for point in events.Scalars("training/return")] == [*range(200, 1201, 200)]
    assert [point.step for point in events.Scalars("evaluation/return")] == [*range(0, 1201, 200)]
    assert [point.step for point in events.Scalars("losses/alpha")] == [*range(400, 1201, 100)]
