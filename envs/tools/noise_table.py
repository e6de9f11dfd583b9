"""The measured chances that noise alone meets a task's reward: a table in the repository.

`envs.tools.noise_chances` writes the table; the page of tasks and the report read it. No training
run reads it, so a new measurement makes no run out of date.
"""

import csv
import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from scipy import stats

from envs.sparse import ASSETS

TABLE = ASSETS / "noise_chances.csv"
CONFIDENCE = 0.95


@dataclass(frozen=True)
class NoiseChance:
    """How often noise of one colour met the success condition of one task.

    `budget`: environment steps of each of the `seeds` noise seeds. `seeds_met`: the seeds with at
    least one success. `episodes`: episodes that ended within the budgets; `successes`: those that
    succeeded. `median_first_step`: of the step of the first success, counted from 1, over all
    seeds; None if half of the seeds or more never met it.
    """

    environment: str
    noise: str
    budget: int
    seeds: int
    seeds_met: int
    episodes: int
    successes: int
    median_first_step: float | None

    @property
    def interval(self) -> tuple[float, float]:
        """The exact 95% interval of the probability that a run of the budget meets the reward."""
        return clopper_pearson(self.seeds_met, self.seeds)


def clopper_pearson(successes: int, trials: int) -> tuple[float, float]:
    """The exact binomial confidence interval of a probability (Clopper and Pearson 1934)."""
    interval = stats.binomtest(successes, trials).proportion_ci(CONFIDENCE, method="exact")
    return float(interval.low), float(interval.high)


def read_table(path: Path = TABLE) -> dict[tuple[str, str], NoiseChance]:
    """The rows by task and colour, in the file's order; raises OSError without the file."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [_from_text(row) for row in csv.DictReader(file)]
    return {(row.environment, row.noise): row for row in rows}


def write_table(rows: Iterable[NoiseChance], path: Path = TABLE) -> None:
    """Writes one line a row; an absent median is an empty field."""
    with path.open("w", encoding="utf-8", newline="") as file:
        names = [field.name for field in dataclasses.fields(NoiseChance)]
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(_as_text(row) for row in rows)


def _as_text(row: NoiseChance) -> dict[str, str]:
    values = dataclasses.asdict(row)
    median = values.pop("median_first_step")
    known = {name: str(value) for name, value in values.items()}
    return {**known, "median_first_step": "" if median is None else f"{median:g}"}


def _from_text(row: dict[str, str]) -> NoiseChance:
    median = row["median_first_step"]
    return NoiseChance(
        environment=row["environment"],
        noise=row["noise"],
        budget=int(row["budget"]),
        seeds=int(row["seeds"]),
        seeds_met=int(row["seeds_met"]),
        episodes=int(row["episodes"]),
        successes=int(row["successes"]),
        median_first_step=float(median) if median else None,
    )
