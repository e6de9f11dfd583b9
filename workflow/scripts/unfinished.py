"""Print the files to request from Snakemake so that it trains only a suite's missing runs.

unfinished.py --results results/core --config results/core/summary/suite.json --reports reports/core

The whole workflow would train restored runs again, because their checkpoints are not in git.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from program.command_line import OneLineParser, run_program
from reporting.tables.film_files import film_folder
from reporting.tables.found_runs import find_runs
from reporting.tables.run_folder import COMPLETE
from runs.files import FILM_FACTS, FINAL_SCORES
from suites.requested_runs import SuiteError, read_suite, requested_runs


def unfinished(results: Path, config: Path, reports: Path) -> list[str]:
    """The last file of each missing or damaged run, and the films of those that are filmed."""
    requested = requested_runs(read_suite(config))
    filmed = {(run.environment, run.algorithm): run for run in reversed(requested)}.values()
    found = find_runs(results, requested)
    asked = [run.requested for run in found if run.status != COMPLETE]
    runs = [(results / run.path / FINAL_SCORES).as_posix() for run in asked]
    films = [reports / film_folder(run) / FILM_FACTS for run in asked if run in filmed]
    return runs + [film.as_posix() for film in films]


def main(arguments: list[str] | None = None) -> None:
    """Print one line per file."""
    parser = OneLineParser(prog="unfinished.py", description=__doc__.splitlines()[0])
    parser.add_argument("--results", required=True, type=Path, help="results/<suite>")
    parser.add_argument("--config", required=True, type=Path, help="suite.json: what to look for")
    parser.add_argument("--reports", required=True, type=Path, help="reports/<suite>")
    options = parser.parse_args(arguments)
    print("\n".join(unfinished(options.results, options.config, options.reports)))


if __name__ == "__main__":
    run_program("unfinished.py", main, SuiteError)
