"""The published numbers as Markdown, for the README: a sentence, a figure, and two tables."""

from typing import Any

from reporting.page.templates import template_environment
from reporting.statistics.comparison import NOT_ENOUGH_SEEDS
from reporting.tables.run_folder import LEFT_OUT
from reporting.text import SUBJECT, count_of, display_name, number, size_range

HEADLINE_FIGURE = "headline.svg"


def published_block(statistics: dict[str, Any], folder: str) -> str:
    """The sentence, the figure and the tables; `folder` is where the suite is published."""
    counts = statistics["run_counts"]
    usual_n = max(one["n"] for one in statistics["cells"])
    template = template_environment().get_template("readme.md.jinja")
    return template.render(
        sentence=statistics["headline"]["sentence"],
        figure=f"{folder}/{HEADLINE_FIGURE}" if statistics["headline"]["clauses"] else None,
        algorithms=statistics["algorithms"],
        groups=groups_table(statistics),
        tasks=tasks_table(statistics, usual_n),
        usual_n=usual_n,
        no_task_decides=no_task_decides(statistics),
        complete=counts["complete"],
        requested=sum(counts.values()) - counts.get(LEFT_OUT, 0),
    )


def interval(value: dict[str, Any]) -> str:
    """`1.04 (1.02 to 1.05)`; without an interval where there is none or it has no width."""
    estimate = number(value["estimate"])
    if value["low"] is None or value["low"] == value["high"]:
        return estimate
    return f"{estimate} ({number(value['low'])} to {number(value['high'])})"


def cell(value: dict[str, Any], usual_n: int) -> str:
    """A task's final return by one algorithm; the seeds are counted where they are fewer."""
    if value["n"] == 0:
        return "not run yet"
    final, n = value["final"], value["n"]
    same = " on every seed" if n > 1 and final["low"] == final["high"] else ""
    fewer = "" if n == usual_n else f", n = {n}"
    return interval(final) + same + fewer


def known(score: float | None) -> str:
    """A declared score; a dash where nobody knows it."""
    return "\N{EN DASH}" if score is None else number(score)


def tasks_table(statistics: dict[str, Any], usual_n: int) -> dict[str, list[str]]:
    """For each task: budget, random policy, final return of each algorithm, reference score."""
    cells = {(one["environment"], one["algorithm"]): one for one in statistics["cells"]}
    # The runs include folders that are not in the suite, under a name that is not a task's.
    named = dict.fromkeys(run["environment"] for run in statistics["runs"])
    table = {}
    for environment in (name for name in named if name in statistics["facts"]):
        facts = statistics["facts"][environment]
        table[environment] = [
            f"{statistics['budgets'][environment]:,}",
            known(facts["random_score"]),
            *(cell(cells[environment, name], usual_n) for name in statistics["algorithms"]),
            known(facts["reference_score"]),
        ]
    return table


def groups_table(statistics: dict[str, Any]) -> dict[str, dict[str, list[str]]]:
    """For each non-empty group of tasks, by title: the row of each algorithm."""
    table = {}
    for group in statistics["groups"]:
        if group["environments"]:
            tasks = count_of(len(group["environments"]), group["noun"])
            seeds = size_range(group["smallest_n"], group["largest_n"], "seed")
            table[f"{tasks}, {seeds} each"] = group_rows(statistics, group)
    return table


def group_rows(statistics: dict[str, Any], group: dict[str, Any]) -> dict[str, list[str]]:
    """The rows of a group of tasks, one for each algorithm."""
    chances = {
        pair["second"]: interval(pair["probability_of_improvement"])
        for pair in group["pairs"]
        if pair["first"] == SUBJECT
    }
    by_name = {one["algorithm"]: one for one in group["algorithms"]}
    names = statistics["algorithms"]

    def over_tasks(measure: str) -> list[str]:
        return [interval(by_name[name][measure]) if name in by_name else "" for name in names]

    solved = {name: one["solved"] for name, one in by_name.items()}
    return {
        "runs that solve their task": [
            f"{solved[name]['count']} of {solved[name]['n']}" if name in solved else ""
            for name in names
        ],
        "mean normalised score": over_tasks("mean"),
        "interquartile mean": over_tasks("interquartile_mean"),
        f"probability that a run of {display_name(SUBJECT)} is better (a tie counts half)": [
            chances.get(name, "") for name in names
        ],
    }


def no_task_decides(statistics: dict[str, Any]) -> bool:
    """Whether there are too few seeds for a significant test on any single task."""
    return {one["verdict"] for one in statistics["comparisons"]} == {NOT_ENOUGH_SEEDS}
