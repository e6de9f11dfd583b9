"""Collect the runs of a suite into its summary: one table per kind, and the state of every run."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from program.command_line import OneLineParser, run_program
from reporting.tables.collect import collect_suite, summary_line
from suites.requested_runs import SuiteError


def main(arguments: list[str] | None = None) -> None:
    """Write runs.csv, coverage.npz, and one table for each kind of table of the runs."""
    parser = OneLineParser(prog="aggregate.py", description=__doc__.splitlines()[0])
    parser.add_argument("--results", required=True, type=Path, help="results/<suite>")
    parser.add_argument("--config", required=True, type=Path, help="suite.json: what to look for")
    options = parser.parse_args(arguments)
    rows = collect_suite(options.results, options.config, options.results / "summary")
    print(summary_line(rows))


if __name__ == "__main__":
    run_program("aggregate.py", main, SuiteError)
