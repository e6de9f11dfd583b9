"""The command that trains a published run again: its checkpoint is not published."""

from pathlib import Path
from typing import Any

from program.repository import ROOT
from runs.files import FINAL_SCORES
from suites.description import BASE, read
from suites.entries import suite_entries
from suites.parameter_errors import ParameterError

PUBLISHED = ROOT / "published"


def is_published(folder: Path) -> bool:
    """Whether a run's folder is one of the published ones."""
    return folder.resolve().is_relative_to(PUBLISHED)


def training_command(folder: Path, manifest: dict[str, Any]) -> str:
    """The command with which Snakemake trains a published run.

    The suite may group the seeds otherwise by now; then it trains the group of the first seed.
    """
    suite, runs, *key = folder.resolve().relative_to(PUBLISHED).parts
    over = [] if suite == "core" else [f"workflow/suites/{suite}.yaml"]
    try:
        entries = suite_entries(read([str(ROOT / name) for name in (BASE, *over)]))
    except ParameterError:  # a suite that is no more
        entries = []
    seed = manifest["seeds"][0]
    groups = [run.group for run in entries if list(run.key[:2]) == key[:2] and seed in run.seeds]
    target = "/".join(["results", suite, runs, *key[:2], *(groups or key[2:]), FINAL_SCORES])
    options = "".join(f"--configfile {name} " for name in over)
    return f"snakemake --cores 1 {options}-- {target}"
