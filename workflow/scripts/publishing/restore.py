"""Restore published runs into a suite's results, to continue an unfinished suite.

restore.py --config results/core/summary/suite.json --published published \\
    --results results/core --reports reports/core

A run that another suite published with the same settings is the same run and is restored, too. So
are runs that train the seeds of a missing run in groups of another size. Before, `dvc pull` brings
the published runs.
"""

import itertools
import json
import os
import shutil
import sys
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(SCRIPTS), str(SCRIPTS.parents[1])]

from program import provenance
from program.command_line import OneLineParser, run_program
from program.repository import TRAINING_CODE
from reporting.tables.film_files import film_folder
from reporting.tables.found_runs import check_runs, find_runs
from reporting.tables.run_folder import COMPLETE, MISSING, CheckedRun
from runs.files import FILM_FACTS, FINAL_SCORES, MANIFEST, POLICY
from suites.requested_runs import RequestedRun, SuiteError, read_suite, requested_runs


def published_runs(published: Path) -> list[Path]:
    """The folders of the published suites.

    Raises:
        SuiteError: when there are none.
    """
    suites = [folder.parent for folder in sorted(published.glob("*/runs"))]
    if not suites:
        raise SuiteError(f"{published}: no runs are published there; `dvc pull` brings them")
    return suites


def restore_runs(
    requested: list[RequestedRun], own: Path, suites: list[Path], results: Path, reports: Path
) -> list[RequestedRun]:
    """Copy each missing run and its film from the first suite that has it; returns the copied.

    The suite's own publication comes first. Of other suites, runs of other groups are taken only if
    none has the requested ones.
    """
    restored = []
    others = [suite for suite in suites if suite != own]
    passes = [(find_runs, own), *itertools.product((check_runs, find_runs), others)]
    missing = [run.requested for run in find_runs(results, requested) if run.status == MISSING]
    for find, suite in passes:
        found = find(suite, missing)
        missing = [run.requested for run in found if run.status != COMPLETE]
        for run in found:
            if run.status == COMPLETE:
                restore_run(run, suite, results, reports)
                restored.append(run.requested)
    return restored


def restore_run(found: CheckedRun, suite: Path, results: Path, reports: Path) -> None:
    """Copy a run and the film of it."""
    run = found.requested
    folder = results / run.path
    restore_film(suite / film_folder(run), reports / film_folder(run), found.files)
    shutil.copytree(suite / run.path, folder, dirs_exist_ok=True)
    # Snakemake would rebuild a file that is older than its inputs.
    os.utime(folder / FINAL_SCORES)


def restore_film(film: Path, folder: Path, files: dict[str, str]) -> None:
    """Copy a film if it shows the policy that the run's files name."""
    facts = film / FILM_FACTS
    if facts.exists() and json.loads(facts.read_text()).get("policy", "") == files.get(POLICY):
        shutil.copytree(film, folder, dirs_exist_ok=True)


def restore(config: Path, published: Path, results: Path, reports: Path) -> str:
    """Copy the runs that are missing, and return a sentence about them."""
    suites = published_runs(published)
    suite = read_suite(config)
    requested = requested_runs(suite)
    runs = restore_runs(requested, published / suite["suite"], suites, results, reports)
    manifests = [json.loads((results / run.path / MANIFEST).read_text()) for run in runs]
    here = provenance.code_hash(*TRAINING_CODE)
    other = sum(manifest["code_hash"] != here for manifest in manifests)
    asked = {run.path for run in requested}
    regrouped = sum(run.path not in asked for run in runs)
    words = f"{len(runs)} runs restored; {other} of them were trained by other code than is here"
    return f"{words}, {regrouped} with their seeds in other groups" if regrouped else words


def main(arguments: list[str] | None = None) -> None:
    """Restore one suite."""
    parser = OneLineParser(prog="restore.py", description=__doc__.splitlines()[0])
    parser.add_argument("--config", required=True, type=Path, help="suite.json: what to look for")
    parser.add_argument(
        "--published", required=True, type=Path, help="the folder of all published suites"
    )
    parser.add_argument("--results", required=True, type=Path, help="results/<suite>")
    parser.add_argument("--reports", required=True, type=Path, help="reports/<suite>")
    options = parser.parse_args(arguments)
    print(restore(options.config, options.published, options.results, options.reports))


if __name__ == "__main__":
    run_program("restore.py", main, SuiteError)
