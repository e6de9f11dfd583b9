"""Writes the sections on the tasks: `python -m envs.tools.task_page docs/tasks.md`.

It keeps the file's hand-written text up to the marker, and replaces everything after it.
"""

import argparse
from collections.abc import Sequence
from typing import cast

from gymnasium.spaces import Box

from envs.registry import task, task_ids
from envs.simulation.make import make_simulator
from envs.task import Task
from envs.tools.action_noise import EXPONENTS
from envs.tools.controllers import CONTROLLERS
from envs.tools.generated_page import write_below
from envs.tools.noise_table import NoiseChance, read_table
from envs.tools.pictures import drawn_ids

MARKER = "<!-- From here on by python -m envs.tools.task_page docs/tasks.md -->\n"
BUDGET = 20_000  # environment steps: the largest budget of a sparse task in the core suite
HEADER = (
    "task",
    "observation",
    "actions",
    "horizon",
    "random score",
    "reference score",
    "successes of random actions",
    "coordinates of the coverage grid",
)


NOISE_HEADER = ("task", "steps", *(f"{noise} noise" for noise in EXPONENTS))


def generated() -> str:
    """The table of all tasks, the chances of noise, and a section for each task."""
    tasks = sorted(map(task, task_ids()), key=lambda known: (not known.sparse, known.id))
    facts = _table(HEADER, [_row(known) for known in tasks])
    chances = read_table()
    noise = _table(NOISE_HEADER, [_noise_row(known, chances) for known in tasks])
    title = ["## Chances that noise alone meets the reward", ""]
    return "\n".join([*facts, "", *title, *noise, "", *(_section(known) for known in tasks)])


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (header, ("---",) * len(header), *rows)]


def _noise_row(known: Task, chances: dict[tuple[str, str], NoiseChance]) -> tuple[str, ...]:
    link = f"[{known.id}](#{known.slug.lower()})"
    if known.success is None:
        return link, "", *["no success condition"] * len(EXPONENTS)
    rows = [chances[known.id, noise] for noise in EXPONENTS]
    return link, f"{rows[0].budget:,}", *map(noise_chance, rows)


def noise_chance(row: NoiseChance) -> str:
    """How often noise of one colour meets the reward, in words."""
    low, high = row.interval
    seeds = f"{row.seeds_met} of {row.seeds} seeds ({low:.0%} to {high:.0%})"
    episodes = f"{row.successes:,} of {row.episodes:,} episodes"
    if row.median_first_step is None:
        return f"{seeds}; {episodes}"
    return f"{seeds}, median step {row.median_first_step:,.0f}; {episodes}"


def by_chance(known: Task) -> str:
    """How often the uniform random policy succeeds, in words."""
    if known.random_successes is None:
        return "no success condition" if known.success is None else "not measured"
    successes, episodes = known.random_successes
    if successes == 0:
        budgets = episodes * known.horizon // BUDGET
        return f"0 of {episodes:,} episodes ({budgets} times {BUDGET:,} steps)"
    # Episodes of the random policy are independent.
    chance = 1 - (1 - successes / episodes) ** (BUDGET / known.horizon)
    within = f"within {BUDGET:,} steps with probability {chance:.0%}"
    return f"{successes} of {episodes:,} episodes; {within}"


def _row(known: Task) -> tuple[str, ...]:
    simulator = make_simulator(known.id)
    spaces = cast(Box, simulator.observation_space), cast(Box, simulator.action_space)
    sizes = [str(space.shape[0]) for space in spaces]
    simulator.close()
    link = f"[{known.id}](#{known.slug.lower()})"
    scores = _score(known.random_score), _score(known.reference_score)
    assert known.projection is not None  # every declared task has one
    first, second = known.projection.labels
    grid = f"{first}, {second}; {known.projection.bins} x {known.projection.bins}"
    repeat = f" (of {known.action_repeat} simulator steps)" if known.action_repeat > 1 else ""
    return link, *sizes, f"{known.horizon}{repeat}", *scores, by_chance(known), grid


def _score(score: float | None) -> str:
    return "none known" if score is None else f"{score:g}"


def _section(known: Task) -> str:
    lines = [f"## {known.slug}", ""]
    if known.id in drawn_ids():
        shown = "The start and the reached goal" if known.id in CONTROLLERS else "The start"
        lines += [f"![{shown} of {known.id}](tasks/{known.slug}.png)", ""]
    lines += [f"`{known.id}`, {'sparse' if known.sparse else 'dense'}. {known.description}", ""]
    lines += [f"- Success: {_sentence(known.success_description)}"]
    if known.idle_score is not None:
        lines += [
            f"- Doing nothing scores {known.idle_score:g}, which is the zero of normalised scores."
        ]
    if known.reference_score is not None:
        lines += [f"- Reference {known.reference_score:g}: {_sentence(known.reference_source)}"]
    lines += [""]
    return "\n".join(lines)


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def main(arguments: Sequence[str] | None = None) -> None:
    """Keeps the page's text up to the marker and replaces what follows."""
    parser = argparse.ArgumentParser(prog="python -m envs.tools.task_page", description=__doc__)
    write_below(parser, arguments, MARKER, generated)


if __name__ == "__main__":
    main()
