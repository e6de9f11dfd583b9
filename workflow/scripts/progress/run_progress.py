"""How far a run is, as the files in its state folder tell."""

import csv
import json
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from runs.files import EVALUATIONS, LIVE_FOLDER, PROGRESS

# Seconds after which a process that says nothing is taken for dead: on this machine, where its id
# may belong to another by now, and on others, whose processes cannot be looked up.
SILENCE_HERE, SILENCE_ELSEWHERE = 3600.0, 600.0


@dataclass(frozen=True)
class RunProgress:
    """A run that was started and may be going on.

    step: environment steps made. steps_per_second: None before there is a basis. last_return: the
    mean of the last evaluation over episodes and seeds, None before there is one. updated: seconds
    since 1970. working: whether a process trains it now.
    """

    step: int
    steps_per_second: float | None
    last_return: float | None
    updated: float
    working: bool


def state_folder(results: Path, run: str) -> Path:
    """The state folder of the run `runs/<environment>/<algorithm>/<seeds>` of results/<suite>."""
    return results / "state" / Path(run).relative_to("runs")


def read_progress(state: Path) -> RunProgress | None:
    """What a state folder tells of its run; None where nothing readable is there."""
    try:
        content = json.loads((state / PROGRESS).read_text(encoding="utf-8"))
        speed = content["steps_per_second"]
        return RunProgress(
            step=int(content["step"]),
            steps_per_second=None if speed is None else float(speed),
            last_return=last_return(state / LIVE_FOLDER / EVALUATIONS),
            updated=float(content["updated"]),
            working=_is_working(content["host"], int(content["pid"]), float(content["updated"])),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def last_return(evaluations: Path) -> float | None:
    """The mean return of the last evaluation in a table, over its episodes and seeds."""
    try:
        with evaluations.open(encoding="utf-8", newline="") as file:
            rows = [(int(row["step"]), float(row["return"])) for row in csv.DictReader(file)]
    except (OSError, ValueError, KeyError, TypeError):
        return None  # absent, or its last line is being written
    last = max((step for step, _ in rows), default=0)
    returns = [value for step, value in rows if step == last]
    return fmean(returns) if returns else None


def _is_working(host: str, pid: int, updated: float) -> bool:
    silent = time.time() - updated
    if host != socket.gethostname():
        return silent < SILENCE_ELSEWHERE
    return silent < SILENCE_HERE and _exists(pid)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # of another user
    return True
