"""Reading the summary folder, the input of the statistics, the figures and the report."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from p2e.loop.recorder import table_file
from reporting.tables.run_folder import COMPLETE, LEFT_OUT
from runs.files import COVERAGE, RUNS_TABLE
from suites.requested_runs import read_suite

# What was true of runs whose manifests do not say so yet.
OF_OLDER_RUNS = {"deterministic": "machine", "compiled": "False"}


@dataclass(frozen=True)
class RecordedCoverage:
    """Visits of one run: counts (evaluations, seeds, bins, bins) at steps (evaluations,)."""

    environment: str
    algorithm: str
    counts: npt.NDArray[np.int32]
    steps: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Summary:
    """One suite's aggregated results; every table has environment and algorithm columns."""

    suite: dict[str, Any]
    runs: list[dict[str, str]]
    evaluation: pd.DataFrame
    training: pd.DataFrame
    losses: pd.DataFrame
    final: pd.DataFrame
    open_loop: pd.DataFrame
    predictions: pd.DataFrame
    coverage: list[RecordedCoverage]

    @property
    def environments(self) -> list[str]:
        """The suite's tasks, in its order."""
        return [task["environment"] for task in self.suite["tasks"]]

    @property
    def algorithms(self) -> list[str]:
        """The suite's algorithms, in its order."""
        return list(self.suite["algorithms"])

    def steps(self, environment: str) -> int:
        """The step budget of a task."""
        budgets = {task["environment"]: int(task["steps"]) for task in self.suite["tasks"]}
        return budgets[environment]

    def facts_of_suite(self, environment: str) -> dict[str, Any]:
        """What the suite itself says about a task: its entry's `task`, empty without one."""
        entries = {entry["environment"]: entry for entry in self.suite["tasks"]}
        return dict(entries[environment].get("task", {}))

    def unusable_runs(self) -> list[dict[str, str]]:
        """Rows of runs that the suite requests but that are missing or damaged."""
        return [run for run in self.runs if run["status"] not in (COMPLETE, LEFT_OUT)]

    def left_out_runs(self) -> list[dict[str, str]]:
        """Rows of run folders that exist but that the suite does not request."""
        return [run for run in self.runs if run["status"] == LEFT_OUT]


def read_summary(folder: Path) -> Summary:
    """Read what aggregation wrote. Raises OSError for an absent file."""

    def table(name: str) -> pd.DataFrame:
        text = {"environment": str, "algorithm": str}
        return pd.read_csv(folder / table_file(name), dtype=text, low_memory=False)

    return Summary(
        suite=read_suite(folder / "suite.json"),
        runs=read_runs(folder),
        evaluation=table("evaluation"),
        training=table("training"),
        losses=table("losses"),
        final=table("final"),
        open_loop=table("open_loop"),
        predictions=table("predictions"),
        coverage=_read_coverage(folder / COVERAGE),
    )


def read_runs(folder: Path) -> list[dict[str, str]]:
    """The rows of a summary's runs.csv. Raises OSError for an absent file."""
    csv.field_size_limit(1 << 27)
    with (folder / RUNS_TABLE).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def seeds_of(run: dict[str, str]) -> list[int]:
    """The seeds that a complete run trained together."""
    seeds: list[int] = json.loads(run["config"])["seeds"]
    return seeds


def fact_of(run: dict[str, str], key: str) -> str:
    """What the manifest of a run says, and what was true of runs before manifests said it; empty
    for a run without a manifest."""
    return run.get(key) or (OF_OLDER_RUNS.get(key, "") if run["code_hash"] else "")


def _read_coverage(path: Path) -> list[RecordedCoverage]:
    """The runs' visits; those of a task without a projection have no bins and are left out."""
    with np.load(path, allow_pickle=False) as stored:
        return [
            RecordedCoverage(
                environment=str(environment),
                algorithm=str(algorithm),
                counts=stored[f"counts_{place}"],
                steps=stored[f"steps_{place}"],
            )
            for place, (environment, algorithm) in enumerate(stored["runs"])
            if stored[f"counts_{place}"].size
        ]


def select(table: pd.DataFrame, environment: str, algorithm: str) -> pd.DataFrame:
    """The rows of one task and algorithm."""
    mine = (table["environment"] == environment) & (table["algorithm"] == algorithm)
    return table[mine]
