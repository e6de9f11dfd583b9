"""What Snakemake tells at a terminal, and in a log, while it trains."""

import os
import pty
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.helpers.suites.pipeline_project import Project, copy_of_the_project

RUN = "results/smoke/runs/Pendulum-v1/sac/0/manifest.json"
COMMAND = ["snakemake", "--cores", "2", "--quiet", "rules", "--", RUN]
EVERYTHING = "1 of 1 steps (100%) done"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A suite of one short run."""
    (tmp_path / "project").mkdir()
    project = copy_of_the_project(tmp_path / "project", tmp_path, "smoke")
    with_steps(project, 250)
    return project


def with_steps(project: Project, steps: int) -> None:
    path = project.folder / "params.yaml"
    parameters = yaml.safe_load(path.read_text())
    parameters["tasks"] = [{"environment": "Pendulum-v1", "steps": steps}]
    path.write_text(yaml.safe_dump(parameters))


def at_a_terminal(project: Project, command: list[str]) -> str:
    """What a command writes to a terminal."""
    terminal, process_side = pty.openpty()
    process = subprocess.Popen(
        command,
        cwd=project.folder,
        env=project.environment,
        stdin=subprocess.DEVNULL,
        stdout=process_side,
        stderr=process_side,
    )
    os.close(process_side)
    written = b""
    while True:
        try:
            written += os.read(terminal, 65536)
        except OSError:  # the process has closed its side
            break
    os.close(terminal)
    assert process.wait() == 0, written.decode()
    return written.decode()


def test_a_terminal_shows_each_run_and_then_its_end(project: Project) -> None:
    with_steps(project, 4000)  # long enough to be looked at
    text = at_a_terminal(project, COMMAND)
    assert "Pendulum-v1  sac  seed 0  step " in text and " of 4,000" in text
    assert "0 of 1 runs trained, 1 in training" in text
    assert "\x1b[2A\x1b[J" in text  # the lines are replaced in place
    assert EVERYTHING not in text
    assert text.rstrip("\r\n").splitlines()[-1].startswith("\x1b[")  # and erased at the end


def test_a_log_gets_plain_lines(project: Project) -> None:
    with_steps(project, 4000)
    text = project.run(*COMMAND)
    assert "0 of 1 runs trained" in text and "\x1b" not in text
    assert EVERYTHING not in text


def test_it_can_be_turned_off(project: Project) -> None:
    project.environment["TRAINING_PROGRESS"] = "off"
    text = project.run(*COMMAND)
    assert "runs trained" not in text and EVERYTHING in text
