"""The published numbers as Markdown, for the README: the answer, and a table."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from reporting.page.answer.task_pictures import task_picture
from reporting.per_task.normalisation import scale_of_returns
from reporting.tables.run_folder import LEFT_OUT
from reporting.templates import template_environment
from reporting.text import count_of, number, short_task_name, task_words

INTERVAL = "95% interval"
MOST_LINES = 3  # of a task's name above its picture


@dataclass(frozen=True)
class Picture:
    """The picture of a task, by its path in the repository, and the task's name."""

    environment: str
    name: str
    file: str

    @property
    def narrow_name(self) -> str:
        """The name with each of its words on a line, of which there are at most `MOST_LINES`."""
        lines = task_words(self.environment)
        while len(lines) > MOST_LINES:
            pairs = [first + second for first, second in itertools.pairwise(lines)]
            shortest = min(range(len(pairs)), key=lambda place: len(pairs[place]))
            lines[shortest : shortest + 2] = [pairs[shortest]]
        return "<br>".join(lines)


def published_answer(statistics: dict[str, Any]) -> str:
    """The verdict, its evidence, and a strip of the sparse tasks."""
    headline, algorithms = statistics["headline"], statistics["algorithms"]
    shown = pictures(statistics)
    cells = {(one["environment"], one["algorithm"]): one for one in statistics["cells"]}
    return _rendered(
        "readme/answer.md.jinja",
        verdict=headline["verdict"],
        evidence=_said_once(headline["sentence"].removeprefix(headline["verdict"]).strip()),
        pictures=shown,
        solved={
            name: [seeds_solved(cells[picture.environment, name]) for picture in shown]
            for name in algorithms
        },
    )


def published_numbers(statistics: dict[str, Any]) -> str:
    """The table of final returns, with the means of groups of tasks."""
    counts = statistics["run_counts"]
    usual_n = max(one["n"] for one in statistics["cells"])
    return _rendered(
        "readme/numbers.md.jinja",
        algorithms=statistics["algorithms"],
        groups=groups_rows(statistics),
        tasks=tasks_table(statistics, usual_n),
        usual_n=usual_n,
        steps=steps_in_words(statistics["budgets"][name] for name in tasks_of(statistics)),
        complete=counts["complete"],
        requested=sum(counts.values()) - counts.get(LEFT_OUT, 0),
    )


def _said_once(evidence: str) -> str:
    """The evidence, which says only once that ranges are 95% intervals."""
    begin, *rest = evidence.split(f" {INTERVAL} ")
    return " ".join([begin, *([INTERVAL] if rest else []), *rest])


def _rendered(template: str, **known: Any) -> str:
    return template_environment().get_template(template).render(known).strip()


def tasks_of(statistics: dict[str, Any]) -> list[str]:
    """The tasks in the order of the suite. The runs include folders that are not in it, under a
    name that is not a task's."""
    named = dict.fromkeys(run["environment"] for run in statistics["runs"])
    return [name for name in named if name in statistics["facts"]]


def pictures(statistics: dict[str, Any]) -> list[Picture]:
    """Of the suite's sparse tasks, those with a picture. More do not fit beside each other."""
    sparse = [task for task in tasks_of(statistics) if statistics["facts"][task]["sparse"]]
    files = {task: task_picture(task) for task in sparse}
    return [Picture(task, short_task_name(task), str(file)) for task, file in files.items() if file]


def seeds_solved(cell: dict[str, Any]) -> str:
    """`4 of 5`; a dash where that is not known."""
    solved = cell["solved"]
    return f"{solved['count']} of {solved['n']}" if solved else "\N{EN DASH}"


def interval(value: dict[str, Any], scale: float) -> str:
    """`1.04 (1.02 to 1.05)`, of which a line holds the interval, in small letters, or all; without
    an interval where there is none, or where its ends are written like the estimate."""
    estimate, low, high = (number(value[key], scale=scale) for key in ("estimate", "low", "high"))
    if value["low"] is None or estimate == low == high:
        return estimate
    ends = f"({low} to {high})"
    return f"{estimate} <sub>{_unbroken(ends)}</sub>"


def _unbroken(words: str) -> str:
    return words.replace(" ", "\N{NO-BREAK SPACE}")


def cell(value: dict[str, Any], usual_n: int, scale: float) -> str:
    """A task's final return by one algorithm; the seeds are counted where they are fewer."""
    if value["n"] == 0:
        return "not run yet"
    fewer = "" if value["n"] == usual_n else f", n = {value['n']}"
    return interval(value["final"], scale) + fewer


def known(score: float | None, scale: float) -> str:
    """A declared score; a dash where nobody knows it."""
    return "\N{EN DASH}" if score is None else number(score, scale=scale)


def steps_in_words(budgets: Iterable[int]) -> str:
    """`8,000 to 20,000`, or the one number that all tasks have."""
    steps = sorted(budgets)
    least, most = steps[0], steps[-1]
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def tasks_table(statistics: dict[str, Any], usual_n: int) -> dict[str, list[str]]:
    """For each task: final return of each algorithm, and the reference score."""
    cells = {(one["environment"], one["algorithm"]): one for one in statistics["cells"]}
    table = {}
    for environment in tasks_of(statistics):
        reference = statistics["facts"][environment]["reference_score"]
        mine = [cells[environment, name] for name in statistics["algorithms"]]
        scale = scale_of_returns(reference, (one["final"]["estimate"] for one in mine))
        table[short_task_name(environment)] = [
            *(cell(one, usual_n, scale) for one in mine),
            known(reference, scale),
        ]
    return table


def groups_rows(statistics: dict[str, Any]) -> dict[str, list[str]]:
    """For the sparse and the dense tasks, or for all where there is one kind: the mean normalised
    score of each algorithm."""
    rows = {}
    for group in statistics["groups"][1:] or statistics["groups"]:
        by_name = {one["algorithm"]: one for one in group["algorithms"]}
        rows[count_of(len(group["environments"]), group["noun"])] = [
            interval(by_name[name]["mean"], scale=1.0) if name in by_name else ""
            for name in statistics["algorithms"]
        ]
    return rows
