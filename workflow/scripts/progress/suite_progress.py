"""How far a set of runs is: which are trained, which are being trained, and the time to the end."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from progress.remaining_time import Speeds, time_until_all
from progress.run_progress import RunProgress, read_progress, state_folder
from runs.files import MANIFEST


@dataclass(frozen=True)
class Job:
    """A run to be trained. path: `runs/<environment>/<algorithm>/<seeds>`, below the results."""

    environment: str
    algorithm: str
    seeds: str
    steps: int
    path: str


@dataclass(frozen=True)
class ActiveJob:
    """A run that is being trained. seconds: that it still takes, None without a basis."""

    job: Job
    progress: RunProgress
    seconds: float | None


@dataclass(frozen=True)
class SuiteProgress:
    """Where a set of runs is.

    seconds: until all are trained, None without a basis or while nothing is being trained.
    at_least: whether that leaves runs out whose speed nobody knows yet.
    """

    trained: int
    active: tuple[ActiveJob, ...]
    waiting: int
    seconds: float | None = None
    at_least: bool = False

    @property
    def total(self) -> int:
        """All runs of the set."""
        return self.trained + len(self.active) + self.waiting


class Survey:
    """Looks at the runs that a program is about to train, again and again.

    Args:
        results: results/<suite>.
        jobs: the runs, in the order of their start.
        since: seconds since 1970; a run is trained when its manifest is newer.
        processor: only runs on it tell how fast others will be.
    """

    def __init__(self, results: Path, jobs: Sequence[Job], since: float, processor: str) -> None:
        self._results, self._jobs, self._since = results, jobs, since
        self._processor = processor
        self._measured: dict[Job, float] = {}
        self._at_once = 1

    def measure(self, jobs: Iterable[Job]) -> None:
        """Take the speeds of those of these runs that are trained."""
        for job in jobs:
            try:
                text = (self._results / job.path / MANIFEST).read_text(encoding="utf-8")
                manifest = json.loads(text)
                if manifest["cpu"] == self._processor:
                    self._measured[job] = manifest["seconds"] / manifest["steps"]
            except (OSError, ValueError, KeyError, TypeError):
                continue

    def look(self) -> SuiteProgress:
        """Where the runs are now."""
        trained: list[Job] = []
        waiting: list[Job] = []
        active: list[tuple[Job, RunProgress]] = []
        for job in self._jobs:
            progress = read_progress(state_folder(self._results, job.path))
            if self._is_trained(job):
                trained.append(job)
            elif progress is not None and progress.working and progress.updated >= self._since:
                active.append((job, progress))
            else:
                waiting.append(job)
        self.measure(job for job in trained if job not in self._measured)
        self._at_once = max(self._at_once, len(active))
        return self._with_times(len(trained), active, waiting)

    def _with_times(
        self, trained: int, active: list[tuple[Job, RunProgress]], waiting: list[Job]
    ) -> SuiteProgress:
        speeds = self._speeds(active)
        going = tuple(ActiveJob(*pair, _seconds_left(*pair, speeds)) for pair in active)
        now = [one.seconds for one in going]
        later = [speeds.seconds(job.environment, job.algorithm, job.steps) for job in waiting]
        known_now, known_later = known(now), known(later)
        if not going or not (known_now or known_later):
            return SuiteProgress(trained, going, len(waiting))
        seconds = time_until_all(known_now, known_later, self._at_once)
        at_least = len(known_now) + len(known_later) < len(now) + len(later)
        return SuiteProgress(trained, going, len(waiting), seconds, at_least)

    def _speeds(self, active: list[tuple[Job, RunProgress]]) -> Speeds:
        speeds = Speeds()
        for job, seconds in self._measured.items():
            speeds.add(job.environment, job.algorithm, seconds)
        for job, progress in active:
            if progress.steps_per_second:
                speeds.add(job.environment, job.algorithm, 1 / progress.steps_per_second)
        return speeds

    def _is_trained(self, job: Job) -> bool:
        try:
            return (self._results / job.path / MANIFEST).stat().st_mtime >= self._since
        except OSError:
            return False


def _seconds_left(job: Job, progress: RunProgress, speeds: Speeds) -> float | None:
    """From the run's own speed, else from those of others."""
    steps = max(job.steps - progress.step, 0)
    if progress.steps_per_second:
        return steps / progress.steps_per_second
    return speeds.seconds(job.environment, job.algorithm, steps)


def known(values: Sequence[float | None]) -> list[float]:
    """Those that are not None."""
    return [value for value in values if value is not None]
