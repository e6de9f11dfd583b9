"""The runs that a suite requests, read back from suite.json to check which of them exist."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from p2e.config import ConfigError
from runs.settings.differences import known_and_removed
from runs.settings.overlay import nested, overlay
from runs.settings.run_settings import with_defaults
from suites.parameters import settings_of


class SuiteError(Exception):
    """The suite's description is invalid; the message names the file and the error."""


@dataclass(frozen=True)
class RequestedRun:
    """A run that the suite's configuration names; `path` is relative to the results folder.

    algorithm: the name for its results, which may be a variant's. trained: the algorithm that is
    run. settings: by section, those of the suite and the defaults of the others.
    """

    environment: str
    algorithm: str
    seeds: tuple[int, ...]
    steps: int
    path: str
    command: str
    trained: str
    final_episodes: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    deterministic: str = "machine"

    def of_seeds(self, group: str, seeds: tuple[int, ...]) -> "RequestedRun":
        """The same run for another group of seeds, in the folder that is named after the group."""
        words = shlex.split(self.command)
        output = words[words.index("--output") + 1]
        changed = {"--seeds": group, "--output": f"{output.rpartition('/')[0]}/{group}"}
        command = [changed.get(before, word) for before, word in pairwise(["", *words])]
        path = f"{self.path.rpartition('/')[0]}/{group}"
        return replace(self, seeds=seeds, path=path, command=shlex.join(command))


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
        SuiteError: for settings that the current code does not know.
    """
    places = {task["environment"]: place for place, task in enumerate(suite["tasks"])}
    try:
        return [_requested(suite, places[run["environment"]], run) for run in suite["runs"]]
    except ConfigError as error:
        raise SuiteError(f"suite.json: {error}") from error


def _requested(suite: dict[str, Any], place: int, run: dict[str, Any]) -> RequestedRun:
    trained = run.get("variant_of", run["algorithm"])
    return RequestedRun(
        environment=run["environment"],
        algorithm=run["algorithm"],
        seeds=tuple(run["seeds"]),
        steps=run["steps"],
        path=_inside_results(run["path"]),
        command=run["command"],
        trained=trained,
        settings=_asked_for(trained, settings_of(suite, place, run["algorithm"])),
        deterministic=suite.get("deterministic", "machine"),
        final_episodes=suite["evaluation"]["final_episodes"],
    )


def _asked_for(algorithm: str, settings: dict[str, Any]) -> dict[str, Any]:
    """The settings with every default written out. Those that were removed since the suite was
    published stay as they are: its runs can be compared and reported, though not repeated."""
    known, removed = known_and_removed(algorithm, settings.get(algorithm, {}))
    whole = with_defaults(algorithm, {**settings, algorithm: known})
    for key, value in removed.items():
        whole = overlay(whole, nested(key.split("."), value))
    return whole


def _inside_results(path: str) -> str:
    """A run's path from the folder `runs` on, whatever folder it was relative to."""
    parts = Path(path).parts
    return "/".join(parts[parts.index("runs") :]) if "runs" in parts else path
