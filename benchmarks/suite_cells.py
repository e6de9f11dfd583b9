"""The cells of a suite, which of them are measured, and what all of them cost."""

import json
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MILLISECONDS_AN_HOUR = 3_600_000


@dataclass(frozen=True)
class Cell:
    """One task and case of a suite.

    Args:
        case: an algorithm or a variant.
        algorithm: what is trained.
        seeds: how many.
        group_size: how many of them one process trains.
        settings: what train.py gets as --settings, as JSON.
    """

    environment: str
    case: str
    algorithm: str
    steps: int
    seeds: int
    group_size: int
    settings: str


def read_suite(repository: Path, suite: str) -> dict[str, Any]:
    """The description of a suite of a checkout, written by that checkout's own program."""
    over = [] if suite == "core" else [f"workflow/suites/{suite}.yaml"]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "suite.json"
        command = [sys.executable, "workflow/scripts/suite.py", *over, "--output", str(file)]
        result = subprocess.run(
            command, cwd=repository, capture_output=True, text=True, check=False
        )
        if result.returncode:
            raise SystemExit(f"error: {repository}: {result.stderr.strip()}")
        description: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return description


def cells_of(suite: Mapping[str, Any]) -> list[Cell]:
    """The cells of a described suite, in its order."""
    runs: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for run in suite["runs"]:
        runs.setdefault((run["environment"], run["algorithm"]), []).append(run)
    return [
        Cell(
            environment=environment,
            case=case,
            algorithm=of_cell[0].get("variant_of", case),
            steps=of_cell[0]["steps"],
            seeds=sum(len(run["seeds"]) for run in of_cell),
            group_size=max(len(run["seeds"]) for run in of_cell),
            settings=_settings_in(of_cell[0]["command"]),
        )
        for (environment, case), of_cell in runs.items()
    ]


def _settings_in(command: str) -> str:
    words = shlex.split(command)
    return words[words.index("--settings") + 1]


def measured_cells(cells: Sequence[Cell], environment: str | None = None) -> dict[Cell, Cell]:
    """The cell that is measured for each: one for each case, on `environment` (default: the first
    task), and another one for every task that has other settings of the case."""
    first = sorted(cells, key=lambda cell: cell.environment != environment)
    chosen: dict[tuple[str, str], Cell] = {}
    for cell in first:
        chosen.setdefault(_kind(cell), cell)
    return {cell: chosen[_kind(cell)] for cell in cells}


def _kind(cell: Cell) -> tuple[str, str]:
    """The case and its settings; facts about a task hardly change what a step costs."""
    settings = {key: value for key, value in json.loads(cell.settings).items() if key != "task"}
    return cell.case, json.dumps(settings, sort_keys=True)


def core_hours(
    measured: Mapping[Cell, Cell], milliseconds: Mapping[tuple[Cell, int], float]
) -> dict[tuple[str, int], float]:
    """Hours of one core that all steps of all seeds take, for each case and measured group size.

    Args:
        measured: the cell that was measured for each cell of the suite.
        milliseconds: of a step and seed, for each measured cell and group size.
    """
    hours: dict[tuple[str, int], float] = {}
    for cell, of_cell in measured.items():
        for (other, size), each in milliseconds.items():
            if other == of_cell:
                of_all = cell.steps * cell.seeds * each / MILLISECONDS_AN_HOUR
                hours[cell.case, size] = hours.get((cell.case, size), 0.0) + of_all
    return hours


def cheapest(hours: Mapping[tuple[str, int], float]) -> dict[str, tuple[int, float]]:
    """The group size of each case that costs the least, and the hours."""
    best: dict[str, tuple[int, float]] = {}
    for (case, size), of_case in hours.items():
        if case not in best or of_case < best[case][1]:
            best[case] = size, of_case
    return best
