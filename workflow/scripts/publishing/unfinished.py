"""Print the files to request from Snakemake so that it trains only a suite's missing runs.

unfinished.py --results results/core --config results/core/summary/suite.json --reports reports/core

The whole workflow would train restored runs again if their policies were never published.
"""

import sys
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(SCRIPTS), str(SCRIPTS.parents[1])]

from program.command_line import OneLineParser, run_program
from reporting.tables.film_files import film_folder
from reporting.tables.found_runs import find_runs
from reporting.tables.run_folder import COMPLETE
from runs.files import FILM_FACTS, FINAL_SCORES, POLICY
from suites.requested_runs import SuiteError, read_suite, requested_runs


def unfinished(results: Path, config: Path, reports: Path) -> list[str]:
    """The last file of each missing or damaged run, and the films for which these are needed.

    A film needs the policy of every seed: the median decides which is filmed.
    """
    found = find_runs(results, requested_runs(read_suite(config)))
    asked = [run.requested for run in found if run.status != COMPLETE]
    without_policy = [
        run.requested
        for run in found
        if run.status == COMPLETE and not (results / run.requested.path / POLICY).is_file()
    ]
    films = {film_folder(run): None for run in asked}
    for run in without_policy:
        films.pop(film_folder(run), None)
    runs = [(results / run.path / FINAL_SCORES).as_posix() for run in asked]
    return runs + [(reports / folder / FILM_FACTS).as_posix() for folder in films]


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
