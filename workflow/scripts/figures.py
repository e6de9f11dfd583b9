"""Draw the figures of a suite's report as SVG files, from its summary."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from program.command_line import OneLineParser, run_program
from reporting.figures.figure_set import write_figures
from reporting.statistics.analysis import analyse
from reporting.tables.summary import read_summary
from reporting.tables.task_facts import FactsOf, task_facts
from suites.requested_runs import SuiteError


def main(arguments: list[str] | None = None, facts_of: FactsOf = task_facts) -> None:
    """Write one SVG file per figure, and figures.json, which says what each shows."""
    parser = OneLineParser(prog="figures.py", description=__doc__.splitlines()[0])
    parser.add_argument("--summary", required=True, type=Path, help="results/<suite>/summary")
    parser.add_argument("--output", required=True, type=Path, help="reports/<suite>/figures")
    options = parser.parse_args(arguments)
    summary = read_summary(options.summary)
    plots = write_figures(analyse(summary, facts_of), summary, options.output)
    print(f"{len(plots)} figures")


if __name__ == "__main__":
    run_program("figures.py", main, SuiteError, OSError, ValueError)
