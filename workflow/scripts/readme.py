"""Write the published numbers into the README, between two comments, and its figure beside them.

readme.py --statistics published/core/statistics.json --readme README.md
"""

import json
import re
import sys
import textwrap
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from program.command_line import OneLineParser, run_program
from reporting.statistics.comparison import NOT_ENOUGH_SEEDS
from reporting.tables.run_folder import LEFT_OUT
from reporting.text import SUBJECT, count_of, display_name, number, size_range

BEGIN, END = "<!-- published numbers: begin -->", "<!-- published numbers: end -->"
HEADLINE_FIGURE = "headline.svg"
ALTERNATIVE_TEXT = "Differences in normalised score, with 95% intervals"
NOTES = """\
Final return of the last checkpoint on fresh episodes, mean over seeds with its 95% t interval,
{usual_n} seeds unless n is given. The reference is a known controller or the literature
([tasks](docs/tasks.md)). {tests}Intervals of so few seeds are narrower than they should be, and the
verdicts in the first sentence are not corrected for their number ([the report]({page}) says more).
`make publish` wrote this from {complete} of {requested} runs; everything else is in that report.
"""


class ReadmeError(Exception):
    """There is no place for the numbers; the message names the file and what is missing."""


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


def results_table(statistics: dict[str, Any], usual_n: int) -> list[str]:
    """One row a task: budget, final return of each algorithm, and the reference score."""
    algorithms = statistics["algorithms"]
    cells = {(one["environment"], one["algorithm"]): one for one in statistics["cells"]}
    names = " | ".join(display_name(algorithm) for algorithm in algorithms)
    lines = [
        f"| task | steps | random policy | {names} | reference |",
        "|---|---:|---:|" + "---:|" * (len(algorithms) + 1),
    ]
    # A folder that the suite does not name is among the runs, under a name that is no task's.
    named = dict.fromkeys(run["environment"] for run in statistics["runs"])
    for environment in (name for name in named if name in statistics["facts"]):
        facts = statistics["facts"][environment]
        values = [cell(cells[environment, name], usual_n) for name in algorithms]
        numbers = [f"{statistics['budgets'][environment]:,}", number(facts["random_score"])]
        row = [environment, *numbers, *values, number(facts["reference_score"])]
        lines.append(f"| {' | '.join(row)} |")
    return lines


def groups_table(statistics: dict[str, Any]) -> list[str]:
    """Four rows a group of tasks, one column an algorithm."""
    names = [display_name(algorithm) for algorithm in statistics["algorithms"]]
    lines = [f"| | | {' | '.join(names)} |", "|---|---|" + "---:|" * len(names)]
    for group in statistics["groups"]:
        if group["environments"]:
            tasks = count_of(len(group["environments"]), group["noun"])
            seeds = size_range(group["smallest_n"], group["largest_n"], "seed")
            title = f"{tasks}, {seeds} each"
            for row, values in group_rows(statistics, group).items():
                lines.append(f"| {title} | {row} | {' | '.join(values)} |")
                title = ""
    return lines


def group_rows(statistics: dict[str, Any], group: dict[str, Any]) -> dict[str, list[str]]:
    """What is said of a group of tasks, for each algorithm."""
    chances = {
        pair["second"]: interval(pair["probability_of_improvement"])
        for pair in group["pairs"]
        if pair["first"] == SUBJECT
    }
    by_name = {one["algorithm"]: one for one in group["algorithms"]}
    names = statistics["algorithms"]
    best = best_algorithms(statistics, group["environments"])

    def over_tasks(measure: str) -> list[str]:
        return [interval(by_name[name][measure]) if name in by_name else "" for name in names]

    return {
        "interquartile mean of normalised scores": over_tasks("interquartile_mean"),
        "their mean": over_tasks("mean"),
        "tasks with the highest mean return (a tie counts for nobody)": [
            str(best.count(name)) for name in names
        ],
        f"probability that a run of {display_name(SUBJECT)} is better (a tie counts half)": [
            chances.get(name, "") for name in names
        ],
    }


def best_algorithms(statistics: dict[str, Any], environments: list[str]) -> list[str]:
    """Of each task the algorithm whose mean final return is above all others'; of a tie none."""
    best = []
    for task in environments:
        finals = {
            one["algorithm"]: one["final"]["estimate"]
            for one in statistics["cells"]
            if one["environment"] == task and one["n"] > 0
        }
        highest = max(finals.values(), default=None)
        leaders = [name for name, final in finals.items() if final == highest]
        best += leaders if len(leaders) == 1 else []
    return best


def tests_note(statistics: dict[str, Any]) -> str:
    """That no single task is decided, where the tests of single tasks say so."""
    verdicts = {one["verdict"] for one in statistics["comparisons"]}
    undecided = "With so few seeds no test of a single task can decide: see the groups of tasks. "
    return undecided if verdicts == {NOT_ENOUGH_SEEDS} else ""


def published_block(statistics: dict[str, Any], folder: str) -> str:
    """The sentence, the figure and the tables, as Markdown."""
    counts = statistics["run_counts"]
    figure = f"{folder}/{HEADLINE_FIGURE}"
    usual_n = max(one["n"] for one in statistics["cells"])
    notes = NOTES.format(
        usual_n=usual_n,
        tests=tests_note(statistics),
        complete=counts["complete"],
        requested=sum(counts.values()) - counts.get(LEFT_OUT, 0),
        page=f"{folder}/index.html",
    )
    blocks = [
        [f"> {statistics['headline']['sentence']}"],
        [f'<img src="{figure}" width="640" alt="{ALTERNATIVE_TEXT}">'],
        groups_table(statistics),
        results_table(statistics, usual_n),
        textwrap.wrap(notes, 100),
    ]
    return "\n\n".join("\n".join(block) for block in blocks)


def replaced(readme: str, block: str, name: str = "README.md") -> str:
    """The text with the block in its place.

    Raises:
        ReadmeError: without the two comments.
    """
    parts = re.split(f"({re.escape(BEGIN)}|{re.escape(END)})", readme)
    if [part for part in parts if part in (BEGIN, END)] != [BEGIN, END]:
        raise ReadmeError(f"{name}: expected once '{BEGIN}', then once '{END}'")
    return f"{parts[0]}{BEGIN}\n\n{block}\n\n{END}{parts[4]}"


def on_white(figure: str) -> str:
    """The figure with a background: on its own it is black on whatever a site's theme has."""
    return figure.replace('style="', 'style="background: white; ', 1)


def main(arguments: list[str] | None = None) -> None:
    """Rewrite one README."""
    parser = OneLineParser(prog="readme.py", description=__doc__.splitlines()[0])
    parser.add_argument("--statistics", required=True, type=Path, help="statistics.json")
    parser.add_argument("--readme", required=True, type=Path, help="the file to rewrite")
    options = parser.parse_args(arguments)
    statistics = json.loads(options.statistics.read_text(encoding="utf-8"))
    folder = options.statistics.parent
    block = published_block(statistics, folder.as_posix())
    text = options.readme.read_text(encoding="utf-8")
    options.readme.write_text(replaced(text, block, options.readme.name), encoding="utf-8")
    figure = (folder / "figures" / "differences.svg").read_text(encoding="utf-8")
    (folder / HEADLINE_FIGURE).write_text(on_white(figure), encoding="utf-8")


if __name__ == "__main__":
    run_program("readme.py", main, ReadmeError)
