"""Whether reproduced scores contradict the published ones, score by score.

With the processor type, versions and code of the published runs, each seed's score has to be
identical; with `deterministic: strict`, on every machine. Otherwise floating-point arithmetic
differs, and training with it: then the mean over seeds has to agree within Welch's interval for the
difference of the two means. If seeds differ much (for example, if one of five finds a reward), that
interval contains nearly everything, so each algorithm's mean over all tasks is compared, too. The
confidence level is simultaneous (Bonferroni): if nothing has changed, at most 5 of 100
reproductions fail by chance in one or more comparisons.

A published run that was restored (restore.py) reproduces nothing, and is not compared with itself.
Scores that were published with other settings are not compared. If an algorithm was trained again
and this leaves none of its scores to compare, the verification fails.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from reporting.inference.intervals import (
    CONFIDENCE,
    Interval,
    mean_welch_interval,
    t_interval,
)
from reporting.per_task.normalisation import normalised
from reporting.statistics.verification_result import (
    AGREES,
    ALL_TASKS,
    DIFFERS,
    DISAGREES,
    EQUAL,
    LEAVES_OUT,
    MISSING,
    NOT_COMPARED,
    NOTHING,
    OTHER_SETTINGS,
    OVERALL,
    SCORES,
    STATUSES,
    WITHIN,
    ComparedScore,
    Verification,
)
from reporting.tables.summary import read_runs, seeds_of
from reporting.tables.task_facts import TaskFacts
from reporting.text import count_of, joined
from reporting.verification.score_comparison import NOT_PUBLISHED, compare, judged
from runs.files import EPISODES, RUNS_TABLE

PUBLISHED_ITSELF = "the published run itself"
NOT_ASKED_FOR = "the suite does not ask for it any more"

CellKey = tuple[str, str]
Finals = tuple[list[float], list[float]]  # reproduced and published, one per seed


class PublishedError(Exception):
    """Published numbers that cannot be read; the message names the file."""


@dataclass(frozen=True)
class Numbers:
    """A suite's statistics (statistics.json) and its runs (the rows of runs.csv)."""

    statistics: Mapping[str, Any]
    runs: list[dict[str, str]]

    def cells(self) -> dict[CellKey, Mapping[str, Any]]:
        """The results of each task and algorithm."""
        return {(cell["environment"], cell["algorithm"]): cell for cell in self.statistics["cells"]}

    def runs_of(self, key: CellKey) -> list[dict[str, str]]:
        """The finished runs of a task and algorithm."""
        return [
            run
            for run in self.runs
            if (run["environment"], run["algorithm"], run["status"]) == (*key, "complete")
        ]


def read_published(folder: Path) -> Numbers | None:
    """The published numbers of a suite, or None.

    Raises:
        PublishedError: when a file of it is missing or not readable.
    """
    if not folder.is_dir():
        return None
    name = folder / "statistics.json"
    try:
        statistics = json.loads(name.read_text(encoding="utf-8"))
        name = folder / RUNS_TABLE
        return Numbers(statistics, read_runs(folder))
    except OSError as error:
        raise PublishedError(f"{name}: {error.strerror}") from error
    except ValueError as error:
        raise PublishedError(f"{name}: not readable: {error}") from error


def verify(published: Numbers | None, reproduced: Numbers) -> Verification:
    """Compare every published score with the reproduced one."""
    suite = reproduced.statistics["suite"]
    if published is None:
        sentence = f"Nothing of the suite {suite} is published: there is nothing to compare with."
        return Verification(NOTHING, sentence, CONFIDENCE)
    rows = tuple(_rows(published, reproduced))
    reasons = {row.why for row in rows}
    if PUBLISHED_ITSELF in reasons and reasons <= {PUBLISHED_ITSELF, NOT_ASKED_FOR, NOT_PUBLISHED}:
        sentence = "These are the published runs themselves: nothing was trained again."
        return Verification(NOTHING, sentence, CONFIDENCE)
    failed = [row for row in rows if row.status in (DIFFERS, MISSING)]
    compared = [row for row in rows if row.status not in (OTHER_SETTINGS, NOT_COMPARED)]
    left_out = _left_out(rows)
    counts = ", ".join(
        f"{sum(row.status == status for row in rows)} {status}" for status in STATUSES
    )
    outcome = DISAGREES if failed else AGREES if compared else NOTHING
    alike = {row.status for row in compared} == {EQUAL}
    words = {
        DISAGREES: f"{len(failed)} of {len(compared)} scores disagree with the published ones",
        AGREES: f"All {len(compared)} scores agree with the published ones"
        if alike
        else f"None of {len(compared)} scores contradicts the published ones",
        NOTHING: "No score can be compared with a published one",
    }
    sentence = f"{words[outcome]}: {counts}."
    if left_out:
        sentence += (
            f" Nothing of {joined(left_out)} was compared, because it was published with other "
            "settings."
        )
    verdict = LEAVES_OUT if left_out and not failed else outcome
    return Verification(verdict, sentence, CONFIDENCE, rows)


def _left_out(rows: Sequence[ComparedScore]) -> list[str]:
    """The algorithms left without any comparison because of different settings.

    Other reasons do not make a verification fail: a task that was never published or is no longer
    requested, restored published runs, and single seeds, which have no interval.
    """
    compared = {row.algorithm for row in rows if row.status in (EQUAL, WITHIN, DIFFERS)}
    other = dict.fromkeys(row.algorithm for row in rows if row.status == OTHER_SETTINGS)
    return [algorithm for algorithm in other if algorithm not in compared]


def _rows(published: Numbers, reproduced: Numbers) -> Iterator[ComparedScore]:
    before, now = published.cells(), reproduced.cells()
    common = [key for key in now if key in before]
    overall = len({algorithm for _, algorithm in common})
    confidence = 1 - (1 - CONFIDENCE) / max(len(common) * len(SCORES) + overall, 1)
    finals: dict[CellKey, Finals] = {}
    for key, cell in now.items():
        old_runs, new_runs = published.runs_of(key), reproduced.runs_of(key)
        trained_again = _trained_again(old_runs, new_runs)
        for score in SCORES:
            old = _scores(before.get(key), score)
            new = _scores(cell, score)
            if new_runs and not trained_again:
                status, why, difference = NOT_COMPARED, PUBLISHED_ITSELF, None
            else:
                new = {seed: new[seed] for run in trained_again for seed in seeds_of(run)}
                status, why, difference = compare(old, new, old_runs, trained_again, confidence)
            if score == "final" and status in (EQUAL, WITHIN, DIFFERS):
                finals[key] = list(new.values()), list(old.values())
            yield ComparedScore(*key, score, status, why, _mean(old), _mean(new), difference)
    for key in before:
        if key not in now:
            for score in SCORES:
                old = _scores(before[key], score)
                yield ComparedScore(*key, score, NOT_COMPARED, NOT_ASKED_FOR, _mean(old), _mean({}))
    yield from _over_tasks(finals, reproduced.statistics.get("facts", {}), confidence)


def _over_tasks(
    finals: Mapping[CellKey, Finals], facts: Mapping[str, Any], confidence: float
) -> Iterator[ComparedScore]:
    """Each algorithm's normalised final score over the tasks compared, unless all are equal.

    Tasks without normalised scores are left out: their returns are compared one by one.
    """
    known = {task: TaskFacts(**its) for task, its in facts.items()}
    scored = {key: pair for key, pair in finals.items() if key[0] in known and known[key[0]].ends}
    for algorithm in dict.fromkeys(algorithm for _, algorithm in scored):
        mine = {task: pair for (task, its), pair in scored.items() if its == algorithm}
        if len(mine) == 1 or all(new == old for new, old in mine.values()):
            continue
        pairs = [
            (normalised(np.array(new), known[task]), normalised(np.array(old), known[task]))
            for task, (new, old) in mine.items()
        ]
        difference = mean_welch_interval(pairs, confidence)
        if difference.low is None or difference.high is None:
            continue
        status, why = judged(difference.low, difference.high)
        why = f"{count_of(len(pairs), 'task')}: {why}"
        new, old = (t_interval([scores[side].mean() for scores in pairs]) for side in (0, 1))
        yield ComparedScore(ALL_TASKS, algorithm, OVERALL, status, why, old, new, difference)


def _trained_again(
    old_runs: list[dict[str, str]], new_runs: list[dict[str, str]]
) -> list[dict[str, str]]:
    """The runs that are not published ones."""
    known = {_training(run) for run in old_runs}
    return [run for run in new_runs if _training(run) not in known]


def _training(run: dict[str, str]) -> str:
    """Identifies a training by its training.csv, whose wall-clock times are unique."""
    digest: str = json.loads(run["files"])[EPISODES]
    return digest


def _scores(cell: Mapping[str, Any] | None, score: str) -> dict[int, float]:
    return {row["seed"]: row[score] for row in cell["seeds"]} if cell else {}


def _mean(scores: Mapping[int, float]) -> Interval:
    return t_interval(list(scores.values()))
