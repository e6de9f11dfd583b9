"""Write the report of a suite: one self-contained page, and the numbers that it shows."""

import dataclasses
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from program.atomic_file import replace_file
from program.command_line import OneLineParser, run_program
from reporting.figures.figure_set import read_figures
from reporting.page import metrics
from reporting.page.html_page import render
from reporting.statistics.analysis import analyse, as_json
from reporting.statistics.verification_result import read_verification
from reporting.tables.film_files import read_films
from reporting.tables.summary import read_summary
from reporting.tables.task_facts import FactsOf, task_facts
from suites.requested_runs import SuiteError


def main(arguments: list[str] | None = None, facts_of: FactsOf = task_facts) -> None:
    """Write index.html, statistics.json and metrics.json."""
    parser = OneLineParser(prog="report.py", description=__doc__.splitlines()[0])
    parser.add_argument("--summary", required=True, type=Path, help="results/<suite>/summary")
    parser.add_argument("--figures", required=True, type=Path, help="what figures.py wrote")
    parser.add_argument("--films", type=Path, help="reports/<suite>/films, where there are any")
    parser.add_argument("--output", required=True, type=Path, help="reports/<suite>")
    options = parser.parse_args(arguments)
    summary = read_summary(options.summary)
    films = read_films(options.films, summary)
    statistics = dataclasses.replace(
        analyse(summary, facts_of),
        films=tuple(film for film, _ in films.values()),
        verification=read_verification(options.summary / "verification.json"),
    )
    page = render(statistics, summary, read_figures(options.figures), films)
    options.output.mkdir(parents=True, exist_ok=True)
    replace_file(options.output / "statistics.json", as_json(statistics).encode())
    replace_file(options.output / "metrics.json", metrics.as_json(statistics).encode())
    replace_file(options.output / "index.html", page.encode())
    print(statistics.headline.sentence)


if __name__ == "__main__":
    run_program("report.py", main, SuiteError, OSError, ValueError)
