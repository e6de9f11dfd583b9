"""Evaluate the policies of finished runs again, and compare with the scores that were recorded.

verify_policies.py published/core

The episodes are those of the final evaluation. On the kind of processor and with the versions that
trained the run every number must be the same to the last bit; elsewhere Welch's interval for the
difference of an algorithm's mean must contain zero. A policy that is missing, damaged, or not the
one that was scored is an error. Prints a line for each task.
"""

import itertools
import os
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from p2e.config import ConfigError
from p2e.storage.checkpoint import CheckpointError
from program.command_line import OneLineParser, run_program
from program.strict import compute_strictly
from reporting.inference.intervals import welch_interval
from reporting.text import count_of
from runs.files import POLICY
from runs.replayed_scores import ReplayedRun, replay, replayable_runs, trained_strictly
from suites.requested_runs import SuiteError

Replays = Sequence["Future[ReplayedRun]"]


def verify_case(runs: Sequence[ReplayedRun]) -> tuple[str, bool]:
    """What the runs of a task and algorithm show, in words, and whether it is as it should be."""
    equal = np.concatenate([run.equal for run in runs])
    if equal.all():
        return f"{count_of(len(equal), 'seed')} equal", True
    words = f"{equal.sum()} of {count_of(len(equal), 'seed')} equal"
    here = [run for run in runs if run.same_machine and not run.equal.all()]
    if here:
        return f"{words}, DIFFERS although processor and versions are the same", False
    recorded, replayed = (
        np.concatenate([getattr(run, side) for run in runs]) for side in ("recorded", "replayed")
    )
    means = f"mean {recorded.mean():.6g} recorded, {replayed.mean():.6g} now"
    interval = welch_interval(replayed, recorded)
    if interval.low is None or interval.high is None:
        return f"{words}, {means}: a single seed has no interval", True
    if interval.low <= 0.0 <= interval.high:
        return f"{words}, {means}: within the interval", True
    return f"{words}, DIFFERS: {means}, beyond the interval", False


def verify_task(name: str, cases: Iterable[tuple[str, Replays]]) -> bool:
    """Print the line of one task as soon as its runs are evaluated."""
    words, good = [], True
    for case, replays in cases:
        try:
            said, as_it_should_be = verify_case([one.result() for one in replays])
        except (CheckpointError, ConfigError) as error:
            said, as_it_should_be = f"FAILED: {error}", False
        words.append(f"{case} {said}")
        good &= as_it_should_be
    print(f"{name}: {'; '.join(words)}", flush=True)
    return good


def verify(folder: Path, jobs: int) -> bool:
    """Verify all runs of a suite; returns whether all of it is as it should be.

    Raises:
        SuiteError: where there are no finished runs, or none with its policy.
    """
    runs = replayable_runs(folder)
    if not runs:
        raise SuiteError(f"{folder}: no finished runs there; `dvc pull` brings those published")
    if not any((run / POLICY).is_file() for run in runs):
        raise SuiteError(f"{folder}: none of its {len(runs)} runs has its policy ({POLICY})")
    good = True
    with ProcessPoolExecutor(jobs) as processes:
        replays = [(run, processes.submit(replay, run)) for run in runs]
        for name, of_task in itertools.groupby(replays, lambda pair: pair[0].parts[-3]):
            cases = itertools.groupby(of_task, lambda pair: pair[0].parts[-2])
            good &= verify_task(name, ((case, [one for _, one in pairs]) for case, pairs in cases))
    return good


def main(arguments: list[str] | None = None) -> None:
    """Verify the runs in one folder; the exit code is 1 if something is not as it should be."""
    parser = OneLineParser(prog="verify_policies.py", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="published/<suite> or results/<suite>")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes (default: all)")
    options = parser.parse_args(arguments)
    # Before there are other processes: this may execute the program again.
    if any(map(trained_strictly, replayable_runs(options.folder))):
        compute_strictly()
    if not verify(options.folder, options.jobs):
        print("Not every policy has the score that was recorded.")
        sys.exit(1)
    print("Every policy has the score that was recorded.")


if __name__ == "__main__":
    run_program("verify_policies.py", main, SuiteError)
