"""Collecting the runs that a suite names into the tables of its summary folder."""

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from p2e.loop.recorder import table_file
from program.atomic_file import replace_file
from reporting.tables.found_runs import find_runs
from reporting.tables.run_folder import (
    COMPLETE,
    DAMAGED,
    LEFT_OUT,
    CheckedRun,
)
from reporting.text import seed_group, without_machine_paths
from runs.files import COLUMNS, COVERAGE, RUNS_TABLE
from suites.requested_runs import RequestedRun, read_suite, requested_runs

MANIFEST_FACTS = (
    "seconds",
    "environment_steps_per_second",
    "updates_per_second",
    "attempts",
    "peak_memory_mb",
    "device",
    "cpu",
    "threads",
    "precision",
    "compiled",
    "deterministic",
    "python",
    "git_commit",
    "code_hash",
)
RUN_COLUMNS = (
    *("environment", "algorithm", "seeds", "status", "reason", "steps"),
    *MANIFEST_FACTS,
    *("path", "command", "packages", "config", "seconds_by_part", "files"),
)


def collect(results: Path, suite: dict[str, Any], summary: Path) -> list[dict[str, str]]:
    """Check every run and write the summary's tables; returns the rows of runs.csv."""
    requested = requested_runs(suite)
    checked = find_runs(results, requested)
    rows = [_run_row(run) for run in checked]
    rows += left_out(results, [*requested, *(run.requested for run in checked)])
    summary.mkdir(parents=True, exist_ok=True)
    for name in COLUMNS:
        table = _stacked(checked, name)
        if name == "predictions":
            table = _of_first_seeds(table)
        text = table.to_csv(index=False, lineterminator="\n")
        replace_file(summary / table_file(name), text.encode())
    replace_file(summary / COVERAGE, _coverage_archive(results, checked))
    replace_file(summary / RUNS_TABLE, _csv_text(rows).encode())
    return rows


def collect_suite(results: Path, config: Path, summary: Path) -> list[dict[str, str]]:
    """The same for the suite that a suite.json describes, with a copy of it.

    Raises:
        SuiteError: when the file is missing or describes no suite.
    """
    rows, copy = collect(results, read_suite(config), summary), summary / "suite.json"
    if config.resolve() != copy.resolve():
        replace_file(copy, config.read_bytes())
    return rows


def left_out(results: Path, requested: Iterable[RequestedRun]) -> list[dict[str, str]]:
    """Run folders that exist but are not in the suite, for example those of dropped seeds."""
    named = {run.path for run in requested}
    rows = []
    for directory in sorted((results / "runs").glob("*/*/*")):
        path = directory.relative_to(results).as_posix()
        # A run started by hand keeps its resumable state beside its folder.
        if not directory.is_dir() or path in named or directory.suffix == ".state":
            continue
        environment, algorithm, seeds = directory.relative_to(results / "runs").parts
        row = dict.fromkeys(RUN_COLUMNS, "")
        row |= {"environment": environment, "algorithm": algorithm, "seeds": seeds, "path": path}
        row |= {"status": LEFT_OUT, "reason": "the suite's configuration does not name it"}
        rows.append(row)
    return rows


def _run_row(run: CheckedRun) -> dict[str, str]:
    requested, manifest = run.requested, run.manifest
    row = {
        "environment": requested.environment,
        "algorithm": requested.algorithm,
        "seeds": seed_group(requested.seeds),
        "status": run.status,
        "reason": run.reason,
        "steps": str(requested.steps),
        "path": requested.path,
        "command": requested.command,
        "packages": _json(manifest.get("packages", {})),
        "config": _json(manifest.get("config", {})),
        "seconds_by_part": _json(manifest.get("seconds_by_part", {})),
        "files": _json(run.files),
    }
    for key in MANIFEST_FACTS:
        value = manifest.get(key)
        row[key] = "" if value is None else str(value)
    for column in ("reason", "command", "packages", "config", "device", "cpu"):
        row[column] = without_machine_paths(row[column])
    return {column: row[column] for column in RUN_COLUMNS}


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _stacked(checked: list[CheckedRun], name: str) -> pd.DataFrame:
    tables = []
    for run in checked:
        if run.status == COMPLETE:
            table = run.tables[name].copy()
            table.insert(0, "environment", run.requested.environment)
            table.insert(1, "algorithm", run.requested.algorithm)
            tables.append(table)
    if not tables:
        return pd.DataFrame(columns=["environment", "algorithm", *COLUMNS[name]])
    return pd.concat(tables, ignore_index=True)


def _of_first_seeds(table: pd.DataFrame) -> pd.DataFrame:
    """The first seed's rows for each task and algorithm: the only ones drawn, of very many."""
    first = table.groupby(["environment", "algorithm"])["seed"].transform("min")
    return table[table["seed"] == first]


def _coverage_archive(results: Path, checked: list[CheckedRun]) -> bytes:
    """Arrays for each run: counts_0, steps_0, seeds_0, ...; `runs` lists the runs."""
    arrays: dict[str, Any] = {}
    owners: list[tuple[str, str]] = []
    for run in checked:
        path = results / run.requested.path / COVERAGE
        if run.status == COMPLETE and path.is_file():
            with np.load(path, allow_pickle=False) as stored:
                for key in ("counts", "steps", "seeds"):
                    arrays[f"{key}_{len(owners)}"] = stored[key]
            owners.append((run.requested.environment, run.requested.algorithm))
    arrays["runs"] = np.array(owners, dtype=np.str_).reshape(-1, 2)
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def _csv_text(rows: list[dict[str, str]]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, RUN_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def summary_line(rows: list[dict[str, str]]) -> str:
    """A one-line summary for the log."""
    statuses = (COMPLETE, "missing", DAMAGED, LEFT_OUT)
    counts = {status: sum(row["status"] == status for row in rows) for status in statuses}
    return ", ".join(f"{amount} {status}" for status, amount in counts.items())
