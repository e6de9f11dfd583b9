"""How hard the tasks of a suite are to explore: measured chances that noise alone suffices."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class NoiseOfColour:
    """How many seeds of noise of one colour met the task's reward; the interval of their share is
    exact, and the median is over all seeds, None where half of them or more never met it."""

    noise: str
    seeds: int
    seeds_met: int
    low: float
    high: float
    median_first_step: float | None


@dataclass(frozen=True)
class TaskNoise:
    """The colours of noise on one task, white noise first, for so many steps each."""

    environment: str
    budget: int
    colours: tuple[NoiseOfColour, ...]


def task_noise(environments: Iterable[str]) -> list[TaskNoise]:
    """The measured tasks. Others, such as those without a success condition, are left out.

    The table is imported here because importing it starts a simulator's libraries.
    """
    from envs.tools.noise_table import read_table

    table = read_table().values()
    found = []
    for environment in environments:
        rows = [row for row in table if row.environment == environment]
        if rows:
            colours = [
                NoiseOfColour(
                    row.noise, row.seeds, row.seeds_met, *row.interval, row.median_first_step
                )
                for row in rows
            ]
            found.append(TaskNoise(environment, rows[0].budget, tuple(colours)))
    return found
