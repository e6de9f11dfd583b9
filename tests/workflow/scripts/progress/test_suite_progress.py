"""How far a set of runs is, and its words."""

import json
import os
import time
from pathlib import Path

import pytest

from p2e.loop.progress_file import ProgressFile
from progress.status_lines import about, fitted, status_lines
from progress.suite_progress import Job, Survey


def job(algorithm: str, seed: int, steps: int = 1000) -> Job:
    return Job("Task-v0", algorithm, str(seed), steps, f"runs/Task-v0/{algorithm}/{seed}")


JOBS = [job("sac", 0), job("sac", 1), job("sac", 2), job("mbpo", 0)]


def train(results: Path, done: Job, seconds: float, cpu: str = "a processor") -> None:
    folder = results / done.path
    folder.mkdir(parents=True)
    manifest = {"seconds": seconds, "steps": done.steps, "cpu": cpu}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def start(results: Path, going: Job, step: int, speed: float | None) -> None:
    """A run that this process trains."""
    state = results / "state" / Path(going.path).relative_to("runs")
    state.mkdir(parents=True)
    ProgressFile(state / "progress.json", going.steps, 0).update(step, at_once=True)
    path = state / "progress.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"steps_per_second": speed}))


@pytest.fixture
def survey(tmp_path: Path) -> Survey:
    return Survey(tmp_path, JOBS, time.time() - 100, "a processor")


def test_before_anything_was_measured_no_time_is_told(survey: Survey, tmp_path: Path) -> None:
    assert status_lines(survey.look()) == ["0 of 4 runs trained, 4 waiting"]
    start(tmp_path, JOBS[0], 50, None)
    assert status_lines(survey.look()) == [
        "Task-v0  sac  seed 0  step 50 of 1,000  5%",
        "0 of 4 runs trained, 1 in training, 3 waiting",
    ]


def test_the_time_is_that_of_the_runs_at_work_and_of_those_that_wait(
    survey: Survey, tmp_path: Path
) -> None:
    train(tmp_path, JOBS[0], 500.0)
    start(tmp_path, JOBS[1], 400, 1.0)  # 600 s left
    start(tmp_path, JOBS[3], 900, 0.5)  # 200 s left
    progress = survey.look()
    assert [one.seconds for one in progress.active] == [600.0, 200.0]
    # The third run of SAC starts after 200 s, and takes 1000 steps of (0.5 + 1.0) / 2 s.
    assert progress.seconds == pytest.approx(200 + 750) and not progress.at_least
    assert status_lines(progress) == [
        "Task-v0  sac  seed 1   step 400 of 1,000  40%  about 10 min left",
        "Task-v0  mbpo  seed 0  step 900 of 1,000  90%  about 3 min left",
        "1 of 4 runs trained, 2 in training, 1 waiting; all trained in about 16 min",
    ]


def test_a_run_in_its_warm_up_has_the_speed_of_others(survey: Survey, tmp_path: Path) -> None:
    train(tmp_path, JOBS[0], 500.0)
    start(tmp_path, JOBS[1], 200, None)
    (only,) = survey.look().active
    assert only.seconds == pytest.approx(800 * 0.5)


def test_without_a_speed_of_every_algorithm_the_time_is_a_lower_bound(
    survey: Survey, tmp_path: Path
) -> None:
    train(tmp_path, JOBS[0], 500.0)
    assert survey.look().seconds is None  # nothing is being trained
    start(tmp_path, JOBS[1], 0, None)
    progress = survey.look()
    assert progress.at_least and progress.seconds == pytest.approx(1000.0)
    assert status_lines(progress)[-1].endswith("all trained in at least about 17 min")


def test_a_run_of_an_earlier_time_counts_as_waiting(survey: Survey, tmp_path: Path) -> None:
    train(tmp_path, JOBS[0], 500.0)
    start(tmp_path, JOBS[1], 10, None)
    os.utime(tmp_path / JOBS[0].path / "manifest.json", (1e9, 1e9))
    later = Survey(tmp_path, JOBS, time.time() + 100, "a processor").look()
    assert (later.trained, later.active, later.waiting) == (0, (), 4)
    assert survey.look().trained == 0


def test_earlier_runs_give_their_speed_if_they_ran_on_this_processor(
    survey: Survey, tmp_path: Path
) -> None:
    earlier = [job("sac", 7), job("mbpo", 7)]
    train(tmp_path, earlier[0], 500.0)
    train(tmp_path, earlier[1], 900.0, cpu="another")
    survey.measure(earlier)
    start(tmp_path, JOBS[0], 0, None)
    progress = survey.look()
    assert progress.seconds == pytest.approx(3 * 500.0) and progress.at_least


def test_the_end_is_told(survey: Survey, tmp_path: Path) -> None:
    for done in JOBS:
        train(tmp_path, done, 500.0)
    assert status_lines(survey.look()) == [
        "all 4 runs are trained; their scores and the report follow"
    ]


def test_times_are_no_more_precise_than_an_estimate() -> None:
    times = {59: "less than a minute", 89: "about 1 min", 3600: "about 60 min"}
    times |= {2 * 3600: "about 2.0 h"}
    assert {seconds: about(seconds) for seconds in times} == times


def test_lines_fit_the_terminal() -> None:
    lines = [f"run {place} " + 50 * "." for place in range(8)] + ["all"]
    shown = fitted(lines, columns=20, rows=4)
    assert [line[:5] for line in shown] == ["run 0", "run 1", "and 6", "all"]
    assert max(map(len, shown)) == 19
    assert fitted(lines[:3], columns=200, rows=4) == lines[:3]
