"""watch.py as a user runs it: a page that changes while a real run goes on."""

import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import pytest

import watch
from p2e.config import ConfigError
from program.command_line import run_program
from suites.description import describe, read
from suites.parameter_errors import ParameterError
from tests.helpers.paths import ROOT, SCRIPTS

SUITE = """
suite: tiny
seeds: {first: 100, count: 1, group_size: 1}
tasks: [{environment: Pendulum-v1, steps: 12000}]
algorithms: [sac]
device: cpu
training: {warmup_steps: 200, evaluation_interval: 200, evaluation_episodes: 1, log_interval: 100}
sac: {agent: {hidden: [8], batch_size: 8}}
evaluation: {final_episodes: 2}
"""
FILES = ("params.yaml", "workflow/suites/tiny.yaml")
STATE = "results/tiny/state/Pendulum-v1/sac/100"


@dataclass
class Watched:
    """A suite in a folder of its own, and the address at which it is watched."""

    folder: Path
    url: str

    def get(self, address: str = "") -> str:
        with urllib.request.urlopen(urljoin(self.url, address), timeout=60) as answer:
            return str(answer.read().decode())

    def training(self) -> "subprocess.Popen[bytes]":
        """The suite's only run, as Snakemake would start it."""
        suite = describe(read([str(self.folder / name) for name in FILES]))
        command = shlex.split(suite["runs"][0]["command"])
        return self.start(*command[2:], "--state", STATE)

    def start(self, *arguments: str, program: str = "train.py") -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, str(SCRIPTS / program), *arguments],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A suite that is watched from before its first run starts."""
    folder = tmp_path_factory.mktemp("watched")
    (folder / "workflow" / "suites").mkdir(parents=True)
    shutil.copy(ROOT / "params.yaml", folder)
    (folder / FILES[1]).write_text(SUITE)
    process = subprocess.Popen(
        [sys.executable, str(SCRIPTS / "watch.py"), "--suite", "tiny"],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+/reports/tiny/", process.stdout.readline())
        assert found is not None
        yield Watched(folder, found[0])
    finally:
        process.terminate()
        assert process.wait() == 0
        if process.stdout is not None:
            process.stdout.close()


def wait_until(
    shows: Callable[[str], bool], watched: Watched, process: "subprocess.Popen[bytes]"
) -> str:
    """The part about runs in progress that showed it first. The run stands still while that is
    read, so that a slow page misses nothing of it."""
    while not shows(part := while_paused(process, watched)):
        assert process.poll() is None, "the run ended before it happened"
        time.sleep(0.1)
    return part


def while_paused(process: "subprocess.Popen[bytes]", watched: Watched) -> str:
    process.send_signal(signal.SIGSTOP)
    try:
        return watched.get("in-progress")
    finally:
        process.send_signal(signal.SIGCONT)


def step(text: str) -> int:
    """The step that the page tells of."""
    found = re.search(r"([\d,]+) of 12,000", text)
    return int(found[1].replace(",", "")) if found else -1


def test_the_page_changes_while_a_run_goes_on_and_when_it_has_finished(watched: Watched) -> None:
    page = watched.get()
    assert "0 of 1 runs trained, 1 waiting" in page and 'data-report="1"' in page
    assert 'fetch("in-progress")' in page

    run = watched.training()
    first = wait_until(lambda part: step(part) > 0, watched, run)
    assert "in training" in first and "0 of 1 runs trained, 1 in training" in first
    wait_until(lambda part: step(part) > step(first), watched, run)
    wait_until(lambda part: "Evaluation returns on Pendulum-v1" in part, watched, run)
    assert run.wait() == 0

    folder = "results/tiny/runs/Pendulum-v1/sac/100"
    evaluation = watched.start("--run", folder, "--episodes", "2", program="evaluate.py")
    assert evaluation.wait() == 0
    while 'data-report="1"' in watched.get("in-progress"):
        time.sleep(0.2)
    page = watched.get()
    assert "all 1 runs have finished" in page and "The suite is complete: 1 run." in page
    assert "sac" in watched.get("statistics.json")
    assert "Everything behind the answer" in watched.get("details.html")
    assert '"fingerprint"' in watched.get(f"../../{folder}/manifest.json")
    assert sorted(path.name for path in (watched.folder / "results" / "tiny").iterdir()) == [
        "runs",
        "state",
    ]
    assert not (watched.folder / "reports").exists()


@pytest.mark.parametrize(
    "address",
    ["nothing", "../../params.yaml", "../../results/tiny/runs/..%2F..%2F..%2Fparams.yaml"],
)
def test_nothing_else_is_served(watched: Watched, address: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        watched.get(address)


def test_a_wrong_suite_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        run_program("watch.py", lambda: watch.main(["--suite", "dem"]), ConfigError, ParameterError)
    assert end.value.code == 2
    error = capsys.readouterr().err
    assert error == "watch.py: error: unknown suite 'dem': did you mean 'demo'?\n"
