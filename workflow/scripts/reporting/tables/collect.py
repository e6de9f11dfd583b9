"""Collecting the runs that a suite names into the tables of its summary folder."""

import csv
import io
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from p2e.config import ConfigError
from reporting.tables.run_folder import (
    COLUMNS,
    COMPLETE,
    DAMAGED,
    LEFT_OUT,
    CheckedRun,
    RequestedRun,
    check_run,
)
from reporting.text import seed_group, without_machine_paths
from runs.settings import with_defaults
from suites.parameters import settings_of

MANIFEST_FACTS = (
    "seconds",
    "environment_steps_per_second",
    "updates_per_second",
    "attempts",
    "device",
    "cpu",
    "threads",
    "precision",
    "deterministic",
    "python",
    "git_commit",
    "code_hash",
)
RUN_COLUMNS = (
    *("environment", "algorithm", "seeds", "status", "reason", "steps"),
    *MANIFEST_FACTS,
    *("path", "command", "packages", "config", "files"),
)


class SuiteError(Exception):
    """The suite's description cannot be used; the message names the file and what is wrong."""


def read_suite(path: Path) -> dict[str, Any]:
    """suite.json; raises SuiteError naming what is missing."""
    try:
        suite = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SuiteError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise SuiteError(f"{path}: not readable as JSON") from error
    if not isinstance(suite, dict):
        raise SuiteError(f"{path}: not an object")
    for key in ("suite", "tasks", "algorithms", "seeds", "runs"):
        if key not in suite:
            raise SuiteError(f"{path}: the key {key} is missing")
    return suite


def requested_runs(suite: dict[str, Any]) -> list[RequestedRun]:
    """The runs that the suite names, in its order.

    Raises:
        SuiteError: for settings that the code at hand does not know.
    """
    places = {task["environment"]: place for place, task in enumerate(suite["tasks"])}
    try:
        return [_requested(suite, places[run["environment"]], run) for run in suite["runs"]]
    except ConfigError as error:
        raise SuiteError(f"suite.json: {error}") from error


def _requested(suite: dict[str, Any], place: int, run: dict[str, Any]) -> RequestedRun:
    settings = settings_of(suite, place, run["algorithm"])
    trained = run.get("variant_of", run["algorithm"])
    return RequestedRun(
        environment=run["environment"],
        algorithm=run["algorithm"],
        seeds=tuple(run["seeds"]),
        steps=run["steps"],
        path=_inside_results(run["path"]),
        command=run["command"],
        trained=trained,
        settings=settings,
        resolved=with_defaults(trained, settings),
        deterministic=suite.get("deterministic", "machine"),
        final_episodes=suite["evaluation"]["final_episodes"],
    )


def _inside_results(path: str) -> str:
    """The part of a run's path from the folder `runs` on, whatever it was written relative to."""
    parts = Path(path).parts
    return "/".join(parts[parts.index("runs") :]) if "runs" in parts else path


def collect(results: Path, suite: dict[str, Any], summary: Path) -> list[dict[str, str]]:
    """Check every run and write the summary's tables; returns the rows of runs.csv."""
    requested = requested_runs(suite)
    checked = [check_run(results, run) for run in requested]
    rows = [_run_row(run) for run in checked] + left_out(results, requested)
    summary.mkdir(parents=True, exist_ok=True)
    for name in COLUMNS:
        table = _stacked(checked, name)
        if name == "predictions":
            table = _of_first_seeds(table)
        text = table.to_csv(index=False, lineterminator="\n")
        replace_file(summary / f"{name}.csv", text.encode())
    replace_file(summary / "coverage.npz", _coverage_archive(results, checked))
    replace_file(summary / "runs.csv", _csv_text(rows).encode())
    return rows


def left_out(results: Path, requested: Iterable[RequestedRun]) -> list[dict[str, str]]:
    """Run folders that exist and that the suite does not name, for example of dropped seeds."""
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
    """The rows of the first seed of each task and algorithm: one is drawn, and they are many."""
    first = table.groupby(["environment", "algorithm"])["seed"].transform("min")
    return table[table["seed"] == first]


def _coverage_archive(results: Path, checked: list[CheckedRun]) -> bytes:
    """One group of arrays a run: counts_0, steps_0, seeds_0, ...; `runs` names their owners."""
    arrays: dict[str, Any] = {}
    owners: list[tuple[str, str]] = []
    for run in checked:
        path = results / run.requested.path / "coverage.npz"
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


def replace_file(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old content or the new, never a part."""
    temporary = path.with_name(path.name + ".part")
    temporary.write_bytes(content)
    os.replace(temporary, path)


def summary_line(rows: list[dict[str, str]]) -> str:
    """What was found, in one line for the log."""
    statuses = (COMPLETE, "missing", DAMAGED, LEFT_OUT)
    counts = {status: sum(row["status"] == status for row in rows) for status in statuses}
    return ", ".join(f"{amount} {status}" for status, amount in counts.items())
