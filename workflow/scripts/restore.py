"""Lay the published runs of a suite back into its results, to go on where it was left.

restore.py --config results/core/summary/suite.json --published published/core \\
    --results results/core --reports reports/core

Git holds everything of a published run but its checkpoint, which is no small file: what is restored
is enough for the report, and cannot be evaluated or filmed again.
"""

import json
import os
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import provenance
from command_line import OneLineParser, run_program
from reporting.collect import SuiteError, read_suite, requested_runs
from reporting.run_folder import COMPLETE, RequestedRun, check_run
from train import CODE

LAST_FILE = "final.csv"


def restore_runs(published: Path, results: Path, requested: list[RequestedRun]) -> list[Path]:
    """Copy the runs that are published, as the suite asks for them, and not here; returns them."""
    restored = []
    for run in requested:
        folder = results / run.path
        if (folder / LAST_FILE).exists() or check_run(published, run).status != COMPLETE:
            continue
        shutil.copytree(published / run.path, folder, dirs_exist_ok=True)
        # Snakemake makes a file again that is older than what it was made from.
        os.utime(folder / LAST_FILE)
        restored.append(folder)
    return restored


def restore_films(published: Path, reports: Path) -> list[Path]:
    """Copy the films that are not here. The report leaves out those of other checkpoints."""
    restored = []
    for film in sorted(published.glob("films/*/*/film.json")):
        folder = reports / film.parent.relative_to(published)
        if not (folder / film.name).exists():
            shutil.copytree(film.parent, folder, dirs_exist_ok=True)
            restored.append(folder)
    return restored


def restore(config: Path, published: Path, results: Path, reports: Path) -> str:
    """Copy what is not here yet, and say what was found.

    Raises:
        SuiteError: when nothing is published there.
    """
    if not (published / "runs").is_dir():
        raise SuiteError(f"{published}: no runs are published there")
    runs = restore_runs(published, results, requested_runs(read_suite(config)))
    films = restore_films(published, reports)
    hashes = [json.loads((folder / "manifest.json").read_text())["code_hash"] for folder in runs]
    here = provenance.code_hash(*CODE)
    other = sum(code != here for code in hashes)
    return (
        f"{len(runs)} runs and {len(films)} films restored; {other} of the runs were trained by "
        "other code than is here"
    )


def main(arguments: list[str] | None = None) -> None:
    """Restore one suite."""
    parser = OneLineParser(prog="restore.py", description=__doc__.splitlines()[0])
    parser.add_argument("--config", required=True, type=Path, help="suite.json: what to look for")
    parser.add_argument("--published", required=True, type=Path, help="published/<suite>")
    parser.add_argument("--results", required=True, type=Path, help="results/<suite>")
    parser.add_argument("--reports", required=True, type=Path, help="reports/<suite>")
    options = parser.parse_args(arguments)
    print(restore(options.config, options.published, options.results, options.reports))


if __name__ == "__main__":
    run_program("restore.py", main, SuiteError)
