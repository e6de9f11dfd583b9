"""Lay the published runs of a suite back into its results, to go on where it was left.

restore.py --published published/core --results results/core --reports reports/core

Git holds everything of a published run but its checkpoint, which is no small file: what is restored
is enough for the report, and cannot be evaluated or filmed again.
"""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import provenance
from command_line import OneLineParser, run_program
from reporting.collect import SuiteError
from train import CODE

# A run without it was not evaluated, and without its checkpoint never will be.
MADE_LAST = "final.csv"


def restore_folders(source: Path, target: Path, mark: str) -> Iterator[Path]:
    """Copy every folder with a file `mark` that the target has not; yields the new ones."""
    for marked in sorted(source.rglob(mark)):
        folder = target / marked.parent.relative_to(source)
        if (folder / mark).exists():
            continue
        shutil.copytree(marked.parent, folder, dirs_exist_ok=True)
        yield folder


def restore(published: Path, results: Path, reports: Path) -> str:
    """Copy what is not there yet, and say what was found.

    Raises:
        SuiteError: when nothing is published there.
    """
    if not (published / "runs").is_dir():
        raise SuiteError(f"{published}: no runs are published there")
    runs = list(restore_folders(published / "runs", results / "runs", MADE_LAST))
    # Snakemake makes a file again that is older than what it was made from.
    for folder in runs:
        os.utime(folder / MADE_LAST)
    films = list(restore_folders(published / "films", reports / "films", "film.json"))
    hashes = [json.loads((folder / "manifest.json").read_text())["code_hash"] for folder in runs]
    other = sum(code != provenance.code_hash(*CODE) for code in hashes)
    return (
        f"{len(runs)} runs and {len(films)} films restored; {other} of the runs were trained by "
        "other code than is here"
    )


def main(arguments: list[str] | None = None) -> None:
    """Restore one suite."""
    parser = OneLineParser(prog="restore.py", description=__doc__.splitlines()[0])
    parser.add_argument("--published", required=True, type=Path, help="published/<suite>")
    parser.add_argument("--results", required=True, type=Path, help="results/<suite>")
    parser.add_argument("--reports", required=True, type=Path, help="reports/<suite>")
    options = parser.parse_args(arguments)
    print(restore(options.published, options.results, options.reports))


if __name__ == "__main__":
    run_program("restore.py", main, SuiteError)
