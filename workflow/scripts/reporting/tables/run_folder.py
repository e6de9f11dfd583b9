"""Reading one run folder, and deciding whether its numbers may be used."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from p2e.loop.recorder import table_file
from program.provenance import file_hash
from reporting.text import count_of
from runs.files import (
    COLUMNS,
    FINAL_SCORES,
    MANIFEST,
    OLDER_POLICY,
    PREDICTIONS,
    RENAMED_METRICS,
)
from runs.settings.differences import setting_differences
from suites.requested_runs import RequestedRun

COMPLETE, MISSING, DAMAGED, LEFT_OUT = "complete", "missing", "damaged", "left out"
# These describe only the world model; a run from before they existed still has valid scores.
MODEL_TABLES = ("open_loop", "predictions")
# Listed in the manifests of older runs, but not published with all of them. No number of the report
# is read from them.
MAY_BE_ABSENT = (OLDER_POLICY, PREDICTIONS)
MANIFEST_KEYS = ("algorithm", "environment", "seeds", "steps", "files")


@dataclass(frozen=True)
class CheckedRun:
    """A requested run and what was found: `tables` and `files` (name to sha256) if complete."""

    requested: RequestedRun
    status: str
    reason: str = ""
    manifest: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


class DamagedRunError(Exception):
    """A run folder does not hold what its manifest promises; the message says what is wrong."""


def check_run(results: Path, requested: RequestedRun) -> CheckedRun:
    """Read one run; a run that cannot be trusted comes back with its status and a reason."""
    directory = results / requested.path
    if not (directory / MANIFEST).is_file():
        return CheckedRun(requested, MISSING, "there is no manifest.json: it has not finished")
    if not (directory / FINAL_SCORES).is_file():
        return CheckedRun(requested, MISSING, "its last policy has not been evaluated yet")
    manifest: dict[str, Any] = {}
    try:
        manifest = _read_manifest(directory, requested)
        files = _verified_files(directory, manifest)
        tables = {
            name: pd.DataFrame(columns=COLUMNS[name])
            if name in MODEL_TABLES and not (directory / table_file(name)).is_file()
            else _read_table(directory, name, requested)
            for name in COLUMNS
        }
        files[FINAL_SCORES] = file_hash(directory / FINAL_SCORES)
    except DamagedRunError as error:
        return CheckedRun(requested, DAMAGED, str(error), manifest)
    return CheckedRun(requested, COMPLETE, "", manifest, tables, files)


def _read_manifest(directory: Path, requested: RequestedRun) -> dict[str, Any]:
    try:
        manifest = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
    except ValueError as error:
        raise DamagedRunError("manifest.json is not readable as JSON") from error
    if not isinstance(manifest, dict) or any(key not in manifest for key in MANIFEST_KEYS):
        raise DamagedRunError(f"manifest.json lacks one of {', '.join(MANIFEST_KEYS)}")
    if not isinstance(manifest["files"], dict):
        raise DamagedRunError("manifest.json does not list its files with their sha256")
    asked = {
        "environment": requested.environment,
        "algorithm": requested.trained,
        "seeds": list(requested.seeds),
        "steps": requested.steps,
        "deterministic": requested.deterministic,
    }
    # Older manifests lack this key, which then had only this value.
    facts = {"deterministic": "machine"} | manifest
    unequal = [
        *((key, facts[key], value) for key, value in asked.items() if facts[key] != value),
        *setting_differences(_sections(manifest, requested), requested.settings, requested.trained),
    ]
    for key, found, value in unequal:
        raise DamagedRunError(
            f"it is another run: its {key} is {found}, the suite asks for {value}"
        )
    return manifest


def _sections(manifest: Mapping[str, Any], requested: RequestedRun) -> dict[str, Any]:
    """The sections of a manifest's settings that the suite can set; `task` is there only where
    something was given."""
    config = manifest.get("config")
    config = config if isinstance(config, Mapping) else {}
    return {section: config.get(section, {}) for section in {**requested.settings, "task": {}}}


def _verified_files(directory: Path, manifest: dict[str, Any]) -> dict[str, str]:
    promised: dict[str, str] = dict(manifest["files"])
    for name, digest in sorted(promised.items()):
        path = directory / Path(name).name
        if not path.is_file():
            if name in MAY_BE_ABSENT:
                continue
            raise DamagedRunError(f"{name} is missing")
        if file_hash(path) != digest:
            raise DamagedRunError(f"the sha256 of {name} is not the one in the manifest")
    return dict(sorted(promised.items()))


def _read_table(directory: Path, name: str, requested: RequestedRun) -> pd.DataFrame:
    path = directory / table_file(name)
    if not path.is_file():
        raise DamagedRunError(f"{name}.csv is missing")
    try:
        table = pd.read_csv(path)
    except ValueError as error:
        raise DamagedRunError(f"{name}.csv is not readable as a table") from error
    table = table.rename(columns=RENAMED_METRICS)
    absent = [column for column in COLUMNS[name] if column not in table.columns]
    if absent:
        raise DamagedRunError(f"{name}.csv lacks the column {absent[0]}")
    if name in ("evaluation", "final"):
        if set(table["seed"]) != set(requested.seeds):
            raise DamagedRunError(f"{name}.csv does not hold exactly the seeds of the run")
        if not np.isfinite(table[["return", "success"]].to_numpy(dtype=np.float64)).all():
            raise DamagedRunError(f"{name}.csv holds a return that is not a finite number")
    if name == "final":
        _require_episodes(table, requested.final_episodes)
    return table


def _require_episodes(final: pd.DataFrame, asked: int) -> None:
    for seed, found in final["seed"].value_counts(sort=False).items():
        if found != asked:
            raise DamagedRunError(
                f"final.csv holds {count_of(found, 'episode')} of seed {seed}, the suite asks for "
                f"{asked}"
            )
