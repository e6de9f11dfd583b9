"""Compare a suite's reproduced scores with its published ones, or report an earlier comparison.

verify.py --summary results/core/summary --published published/core    writes verification.json
verify.py --check results/core/summary/verification.json               fails when they disagree
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from program.atomic_file import replace_file
from program.command_line import OneLineParser, run_program
from reporting.statistics.analysis import analyse, as_json
from reporting.statistics.verification_result import (
    DIFFERS,
    FAILURES,
    MISSING,
    OTHER_SETTINGS,
)
from reporting.tables.summary import read_summary
from reporting.tables.task_facts import FactsOf, task_facts
from reporting.verification.published_comparison import (
    Numbers,
    PublishedError,
    read_published,
    verify,
)
from suites.requested_runs import SuiteError


def write(summary_folder: Path, published: Path, facts_of: FactsOf = task_facts) -> str:
    """Write verification.json into the summary; returns its sentence."""
    summary = read_summary(summary_folder)
    statistics = json.loads(as_json(analyse(summary, facts_of)))
    result = verify(read_published(published), Numbers(statistics, summary.runs))
    replace_file(summary_folder / "verification.json", result.as_json().encode())
    return result.sentence


def check(file: Path) -> bool:
    """Print what disagrees or was left out, and the summary; returns whether the check passed."""
    result = json.loads(file.read_text(encoding="utf-8"))
    for row in result["rows"]:
        if row["status"] in (DIFFERS, MISSING, OTHER_SETTINGS):
            means = [row[side]["estimate"] for side in ("published", "reproduced")]
            print(
                f"{row['environment']}, {row['algorithm']}, {row['score']}: {row['status']}: "
                f"published {means[0]}, reproduced {means[1]}: {row['why']}"
            )
    print(result["sentence"])
    return result["verdict"] not in FAILURES


def main(arguments: list[str] | None = None) -> None:
    """Write or check."""
    parser = OneLineParser(prog="verify.py", description=__doc__.splitlines()[0])
    parser.add_argument("--summary", type=Path, help="results/<suite>/summary")
    parser.add_argument("--published", type=Path, help="published/<suite>, if there is one")
    parser.add_argument("--check", type=Path, metavar="FILE", help="what was written before")
    options = parser.parse_args(arguments)
    if options.check:
        sys.exit(0 if check(options.check) else 1)
    if not (options.summary and options.published):
        parser.error("expected --summary and --published, or --check")
    print(write(options.summary, options.published))


if __name__ == "__main__":
    run_program("verify.py", main, SuiteError, PublishedError, ValueError)
