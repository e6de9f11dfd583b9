"""How reproduced scores compare with published ones: what verification.json holds."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reporting.inference.intervals import Interval

SCORES = {"final": "final return", "area": "mean return over training"}
OVERALL, ALL_TASKS = "normalised", "all tasks"
SCORE_NAMES = SCORES | {OVERALL: "normalised final return, mean over tasks"}
# Of a score.
EQUAL, WITHIN, DIFFERS, MISSING = "equal", "within the interval", "differs", "missing"
NOT_COMPARED, OTHER_SETTINGS = "not compared", "other settings"
STATUSES = (EQUAL, WITHIN, DIFFERS, MISSING, NOT_COMPARED, OTHER_SETTINGS)
# Of all of them.
NOTHING, AGREES, DISAGREES = "nothing to compare", "agrees", "disagrees"
LEAVES_OUT = "leaves out an algorithm"
FAILURES = (DISAGREES, LEAVES_OUT)


@dataclass(frozen=True)
class ComparedScore:
    """One score of one task and algorithm: both means, and their difference with its interval.

    environment: ALL_TASKS for the score OVERALL. status: one of STATUSES.
    """

    environment: str
    algorithm: str
    score: str
    status: str
    why: str
    published: Interval
    reproduced: Interval
    difference: Interval | None = None


@dataclass(frozen=True)
class Verification:
    """Content of verification.json."""

    verdict: str
    sentence: str
    confidence: float
    rows: tuple[ComparedScore, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether a score disagrees, or other settings leave an algorithm uncompared."""
        return self.verdict in FAILURES

    def as_json(self) -> str:
        """As JSON text; equal numbers give equal text."""
        return json.dumps(dataclasses.asdict(self), indent=1, sort_keys=True) + "\n"


def read_verification(file: Path) -> Verification | None:
    """Read what `as_json` wrote; None without a file, as where the published numbers are shown.

    Raises ValueError, naming the file, when it has other content.
    """
    if not file.is_file():
        return None
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        rows = tuple(_row(entry) for entry in content.pop("rows"))
        return Verification(**content, rows=rows)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{file}: not readable as a verification: {error}") from error


def _row(entry: Mapping[str, Any]) -> ComparedScore:
    intervals = ("published", "reproduced", "difference")
    read = {key: Interval(**entry[key]) if entry[key] is not None else None for key in intervals}
    return ComparedScore(**{**entry, **read})
