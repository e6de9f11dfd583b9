"""Finding the runs that a suite requests, also where their seeds were trained in other groups.

How many seeds one process trains changes the rounding and the time, but not what a run is. So where
a requested run is missing, complete runs with the suite's settings that together train its seeds
take its place.
"""

import itertools
from collections.abc import Iterable
from pathlib import Path

from p2e.config import ConfigError
from reporting.tables.run_folder import COMPLETE, MISSING, CheckedRun, check_run
from runs.settings.run_settings import parse_seeds
from suites.requested_runs import RequestedRun


def find_runs(results: Path, requested: Iterable[RequestedRun]) -> list[CheckedRun]:
    """The requested runs, or in place of missing ones those that train their seeds.

    Args:
        results: the folder in which `runs` is.
    """
    cases = itertools.groupby(requested, lambda run: (run.environment, run.algorithm))
    return [found for _, case in cases for found in _of_case(results, list(case))]


def check_runs(results: Path, requested: Iterable[RequestedRun]) -> list[CheckedRun]:
    """The requested runs themselves."""
    return [check_run(results, run) for run in requested]


def _of_case(results: Path, requested: list[RequestedRun]) -> list[CheckedRun]:
    """The runs of one task and algorithm, in order of their seeds if some were replaced."""
    checked = check_runs(results, requested)
    missing = [run.requested for run in checked if run.status == MISSING]
    others = _in_place_of(missing, _complete_runs(results, missing))
    if not others:
        return checked
    replaced = _seeds(others)
    kept = [run for run in checked if not replaced.issuperset(run.requested.seeds)]
    return sorted([*kept, *others], key=lambda run: run.requested.seeds)


def _complete_runs(results: Path, missing: list[RequestedRun]) -> list[CheckedRun]:
    """The complete runs of other groups that train none but the seeds of missing runs."""
    if not missing:
        return []
    wanted = {seed for run in missing for seed in run.seeds}
    folders = sorted((results / missing[0].path).parent.glob("*"))
    groups = [(folder.name, _parsed(folder.name)) for folder in folders]
    runs = [
        missing[0].of_seeds(name, seeds)
        for name, seeds in groups
        if seeds and wanted.issuperset(seeds)
    ]
    return [run for run in check_runs(results, runs) if run.status == COMPLETE]


def _parsed(name: str) -> tuple[int, ...]:
    """The seeds that a run's folder is named after; none for another folder."""
    try:
        return parse_seeds(name)
    except ConfigError:
        return ()


def _in_place_of(missing: list[RequestedRun], found: list[CheckedRun]) -> list[CheckedRun]:
    """Of the found runs, those that train all seeds of missing ones, and no seed twice."""
    taken: list[CheckedRun] = []
    for run in sorted(found, key=lambda run: (-len(run.requested.seeds), run.requested.seeds)):
        if _seeds(taken).isdisjoint(run.requested.seeds):
            taken.append(run)
    while True:
        # A missing run that lacks a seed is trained as a whole, so it needs none of the others.
        whole = [run for run in missing if _seeds(taken).issuperset(run.seeds)]
        useful = {seed for run in whole for seed in run.seeds}
        kept = [run for run in taken if useful.issuperset(run.requested.seeds)]
        if len(kept) == len(taken):
            return taken
        taken = kept


def _seeds(runs: list[CheckedRun]) -> set[int]:
    return {seed for run in runs for seed in run.requested.seeds}
