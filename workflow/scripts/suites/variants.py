"""Variants: an algorithm with some settings changed, under a separate name.

A suite's list `algorithms` names its cases: algorithms, and variants of them. The section
`variants` lists what each variant changes; a task may have further changes under the variant's
name. A variant is named after its algorithm, followed by a hyphen and words
(`plan2explore-no-curiosity`), so that the name tells which code it runs.
"""

from collections.abc import Mapping
from typing import Any

from p2e.algorithms import is_import_path


def base_algorithm(case: str) -> str:
    """The algorithm that a case runs: its name, or for a variant the first part of its name."""
    return case.partition("-")[0]


def changed_settings(
    parameters: Mapping[str, Any], place: int, case: str
) -> list[Mapping[str, Any]]:
    """What a variant changes in its algorithm's section; empty for an algorithm.

    Args:
        place: the task's index in the list of tasks.

    Returns:
        its changes for all tasks, overridden by its changes for that task.
    """
    if case == base_algorithm(case):
        return []
    of_task = parameters["tasks"][place].get("settings", {})
    return [parameters.get("variants", {}).get(case, {}), of_task.get(case, {})]


def of_suite(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters without the variants of the core suite that a suite does not run."""
    run = {
        name: changes
        for name, changes in parameters.get("variants", {}).items()
        if name in parameters["algorithms"]
    }
    others = {key: value for key, value in parameters.items() if key != "variants"}
    return others | ({"variants": run} if run else {})


def foreign_algorithms(parameters: Mapping[str, Any]) -> list[str]:
    """The algorithms of other packages that a suite runs or has settings for, by import path."""
    cases = parameters.get("algorithms")
    named = [*(cases if isinstance(cases, list) else []), *parameters]
    bases = [base_algorithm(name) for name in named if isinstance(name, str)]
    return sorted({base for base in bases if is_import_path(base)})
