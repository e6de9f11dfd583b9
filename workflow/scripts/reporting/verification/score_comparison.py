"""How the reproduced scores of one task and algorithm compare with the published ones."""

import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from reporting.inference.intervals import Interval, welch_interval
from reporting.statistics.verification_result import (
    DIFFERS,
    EQUAL,
    MISSING,
    NOT_COMPARED,
    OTHER_SETTINGS,
    WITHIN,
)
from reporting.tables.summary import fact_of, seeds_of
from runs.settings.differences import Difference, setting_differences
from suites.variants import base_algorithm

# What has to be equal for bit-identical results, by its name in runs.csv and the manifests: with
# `deterministic: strict` (STRICTLY), and otherwise (MACHINE).
STRICTLY = (
    *("device", "threads", "precision", "compiled", "deterministic"),
    *("python", "packages", "code_hash", "group_size"),
)
MACHINE = ("cpu", *STRICTLY)
DIFFERENCES_NAMED = 3
NOT_PUBLISHED = "it was not published"


def compare(
    old: Mapping[int, float],
    new: Mapping[int, float],
    old_runs: list[dict[str, str]],
    new_runs: list[dict[str, str]],
    confidence: float,
) -> tuple[str, str, Interval | None]:
    """The status, its reason, and the difference of the means if the status is based on it."""
    if not old:
        return NOT_COMPARED, NOT_PUBLISHED, None
    if not new:
        return MISSING, "no run of it has finished", None
    if others := _other_settings(old_runs, new_runs):
        return OTHER_SETTINGS, f"it was published with other settings: {_in_words(others)}", None
    deciding = STRICTLY if _facts(new_runs, "deterministic") == {"strict"} else MACHINE
    other = [key for key in deciding if _facts(old_runs, key) != _facts(new_runs, key)]
    seeds = sorted(old.keys() & new.keys())
    if not seeds:
        other.append("seeds")
    where = f"other {', '.join(other)}" if other else "same machine, versions and code"
    unequal = [seed for seed in seeds if old[seed] != new[seed]]
    if seeds and not unequal:
        return EQUAL, f"{where}: the same number in each of {len(seeds)} seeds", None
    if not other:
        return DIFFERS, f"{where}, but not in seeds {unequal}", None
    difference = welch_interval(list(new.values()), list(old.values()), confidence)
    if difference.low is None or difference.high is None:
        return NOT_COMPARED, f"{where}: an interval takes two seeds or more", difference
    status, why = judged(difference.low, difference.high)
    return status, f"{where}: {why}", difference


def judged(low: float, high: float) -> tuple[str, str]:
    """The status and its reason, based on the interval of a difference."""
    if low <= 0.0 <= high:
        return WITHIN, "the interval of the difference holds zero"
    return DIFFERS, "the interval of the difference does not hold zero"


def _other_settings(
    old_runs: list[dict[str, str]], new_runs: list[dict[str, str]]
) -> list[Difference]:
    """The settings in which a published and a new run differ, for the first such pair of runs."""
    algorithm = base_algorithm(new_runs[0]["algorithm"])
    for old, new in itertools.product(_settings(old_runs), _settings(new_runs)):
        if differences := setting_differences(old, new, algorithm):
            return differences
    return []


def _settings(runs: list[dict[str, str]]) -> list[dict[str, Any]]:
    """The distinct configurations of the runs, apart from their seeds."""
    configs = [json.loads(run["config"]) | {"seeds": None} for run in runs]
    return [config for place, config in enumerate(configs) if config not in configs[:place]]


def _in_words(differences: Sequence[Difference]) -> str:
    """The first few settings with both values, and how many more there are."""
    named = [f"{key} was {old}, is {new}" for key, old, new in differences[:DIFFERENCES_NAMED]]
    further = len(differences) - len(named)
    return "; ".join([*named, *([f"and {further} more"] if further else [])])


def _facts(runs: list[dict[str, str]], key: str) -> set[str]:
    if key == "group_size":  # seeds trained together: the matrix shapes affect rounding
        return {str(len(seeds_of(run))) for run in runs}
    return {fact_of(run, key) for run in runs}
