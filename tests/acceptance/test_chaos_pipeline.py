"""After kill -9 of Snakemake the same command resumes without --unlock, with the same results."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from program.stale_lock import clear_stale_lock
from tests.acceptance.chaos import differing_files, wait_until
from tests.helpers.paths import SCRIPTS
from tests.helpers.suites.pipeline_project import Project, copy_of_the_project

RUNS = Path("results", "smoke", "runs", "Pendulum-v1", "sac")
STATES = Path("results", "smoke", "state", "Pendulum-v1", "sac")


def project_of_two_runs(folder: Path, home: Path) -> Project:
    """The smoke suite with one algorithm on one task."""
    project = copy_of_the_project(folder, home, "smoke")
    path = folder / "params.yaml"
    parameters = yaml.safe_load(path.read_text())
    parameters["algorithms"] = ["sac"]
    parameters["tasks"] = [{"environment": "Pendulum-v1", "steps": 500}]
    path.write_text(yaml.safe_dump(parameters))
    return project


# As in dvc.yaml and the profiles.
COMMAND = ["snakemake", "--cores", "2", "--rerun-incomplete"]
COMMAND += [str(RUNS / seed / "final.csv") for seed in "01"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Both runs, made by a Snakemake that was not killed."""
    project = project_of_two_runs(*(tmp_path_factory.mktemp(name) for name in ("whole", "home")))
    project.run(*COMMAND)
    return project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    (tmp_path / "project").mkdir()
    (tmp_path / "home").mkdir()
    yield project_of_two_runs(tmp_path / "project", tmp_path / "home")


def start_snakemake(project: Project) -> "subprocess.Popen[bytes]":
    """Start Snakemake in its own process group, and return when both runs are being trained."""
    process = subprocess.Popen(
        COMMAND,
        cwd=project.folder,
        env=project.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    locks = [project.folder / STATES / seed / "lock" for seed in "01"]
    wait_until(lambda: process.poll() is not None or all(lock.exists() for lock in locks))
    assert process.poll() is None
    return process


def assert_same_bits(project: Project, whole: Project) -> None:
    for seed in "01":
        one, other = whole.folder / RUNS / seed, project.folder / RUNS / seed
        assert differing_files(one, other) == []
        assert (one / "final.csv").read_bytes() == (other / "final.csv").read_bytes()


def test_snakemake_killed_with_its_jobs_goes_on_with_the_same_command(
    project: Project, whole: Project
) -> None:
    process = start_snakemake(project)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert list((project.folder / ".snakemake" / "locks").iterdir())
    output = project.run(*COMMAND)
    assert "was killed; going on" in output
    assert_same_bits(project, whole)
    assert project.planned_jobs("--", *COMMAND[-2:]) == {}


def test_snakemake_killed_alone_finds_its_orphans_and_waits_for_them(
    project: Project, whole: Project
) -> None:
    process = start_snakemake(project)
    os.killpg(process.pid, signal.SIGSTOP)  # or the orphans might finish first
    process.kill()
    process.wait()
    log = project.folder / "results" / "smoke" / "logs" / "Pendulum-v1" / "sac" / "0" / "train.log"
    with subprocess.Popen(COMMAND, cwd=project.folder, env=project.environment) as again:
        try:
            wait_until(lambda: log.exists() and "waiting for its end" in log.read_text())
        finally:
            os.killpg(process.pid, signal.SIGCONT)
        assert again.wait() == 0
    assert_same_bits(project, whole)


def test_a_second_snakemake_beside_a_living_one_is_refused(project: Project) -> None:
    process = start_snakemake(project)
    os.killpg(process.pid, signal.SIGSTOP)  # alive, and not ending meanwhile
    try:
        # A dry run may look, even if one of the trainings ended meanwhile.
        assert project.planned_jobs("--rerun-incomplete", "--", *COMMAND[-2:])
        output = project.run(*COMMAND, fails=True)
        assert "locked" in output and "going on" not in output
        assert process.poll() is None
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


HOLDER = """
import sys
from pathlib import Path
from program.stale_lock import clear_stale_lock
kept = clear_stale_lock(Path(sys.argv[1]))
print("alive", flush=True)
sys.stdin.read()
"""


def test_locks_go_only_when_nobody_is_alive(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = tmp_path / "locks" / "0.input.lock"
    lock.parent.mkdir()
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=SCRIPTS, stdin=pipe, stdout=pipe, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "alive\n"
        lock.touch()
        beside = clear_stale_lock(tmp_path)
        assert beside is not None and lock.exists()
        beside.close()
        holder.kill()
    alone = clear_stale_lock(tmp_path)
    assert alone is not None and not lock.exists()
    assert "was killed" in capsys.readouterr().err
    alone.close()
