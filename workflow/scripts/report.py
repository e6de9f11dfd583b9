"""Write the report of a suite: two self-contained pages, and the numbers that they show.

The tables in plots/ are for `dvc plots`.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from program.command_line import OneLineParser, run_program
from reporting.page.written_report import write_report
from reporting.statistics.analysis import analyse
from reporting.statistics.verification_result import read_verification
from reporting.tables.summary import read_summary
from reporting.tables.task_facts import FactsOf, task_facts
from suites.requested_runs import SuiteError


def main(arguments: list[str] | None = None, facts_of: FactsOf = task_facts) -> None:
    """Write index.html, details.html, statistics.json, metrics.json and the tables in plots/."""
    parser = OneLineParser(prog="report.py", description=__doc__.splitlines()[0])
    parser.add_argument("--summary", required=True, type=Path, help="results/<suite>/summary")
    parser.add_argument("--figures", required=True, type=Path, help="what figures.py wrote")
    parser.add_argument("--films", type=Path, help="reports/<suite>/films, where there are any")
    parser.add_argument("--output", required=True, type=Path, help="reports/<suite>")
    options = parser.parse_args(arguments)
    summary = read_summary(options.summary)
    statistics = analyse(summary, facts_of)
    verification = read_verification(options.summary / "verification.json")
    write_report(summary, statistics, verification, options.figures, options.films, options.output)
    print(statistics.headline.sentence)


if __name__ == "__main__":
    run_program("report.py", main, SuiteError, OSError, ValueError)
