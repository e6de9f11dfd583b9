"""The results of one algorithm on one task: its seeds, and means over them."""

from collections.abc import Iterator
from dataclasses import dataclass

from reporting.inference.intervals import Count, FloatArray, Interval, t_interval
from reporting.per_task.comparison import Scores
from reporting.per_task.normalisation import (
    normalised,
    normalised_interval,
    return_interval,
    solved,
)
from reporting.per_task.scores import SeedScores
from reporting.tables.task_facts import TaskFacts


@dataclass(frozen=True)
class SeedRow:
    """The scores of one seed, as returns; `normalised` is its final score, None without a scale."""

    seed: int
    normalised: float | None
    final: float
    success: float
    best: float
    area: float


@dataclass(frozen=True)
class Cell:
    """One algorithm on one task. All intervals are t intervals over seeds, within what is possible.

    solved: counts the seeds that solve the task; None where no score is normalised.
    best is the best of the evaluations, which is biased upward: it complements final and does not
    replace it. The normalised scores are empty where a score of the task is not known.
    """

    environment: str
    algorithm: str
    n: int
    solved: Count | None
    final: Interval
    normalised: Interval
    success: Interval
    best: Interval
    area: Interval
    normalised_area: Interval
    seeds: tuple[SeedRow, ...]


def cell_of(case: tuple[str, str], scores: Scores, facts: TaskFacts) -> Cell:
    """The results of a task and algorithm."""
    cell = scores[case]
    own = normalised(cell.final, facts) if facts.ends else None
    return Cell(
        environment=case[0],
        algorithm=case[1],
        n=cell.n,
        solved=None if own is None else solved([own]),
        final=return_interval(cell.final, facts),
        normalised=normalised_interval(cell.final, facts),
        success=t_interval(cell.success).within((0.0, 1.0)),
        best=return_interval(cell.best, facts),
        area=return_interval(cell.area, facts),
        normalised_area=normalised_interval(cell.area, facts),
        seeds=tuple(_seed_rows(cell, own)),
    )


def _seed_rows(cell: SeedScores, own: FloatArray | None) -> Iterator[SeedRow]:
    columns = zip(cell.seeds, cell.final, cell.success, cell.best, cell.area, strict=True)
    for place, (seed, *row) in enumerate(columns):
        score = None if own is None else float(own[place])
        yield SeedRow(seed, score, *(float(x) for x in row))
