"""Variants: an algorithm with some settings changed, under a name of its own.

A suite's list `algorithms` names its cases: algorithms, and variants of them. The section
`variants` says what each variant changes, and a task's settings under its name what for that task
alone. Its name is its algorithm, a hyphen, and words
(`plan2explore-no-curiosity`), so that the name alone tells which code it runs.
"""

from collections.abc import Mapping
from typing import Any


def base_algorithm(case: str) -> str:
    """The algorithm that a case runs: its own name, or what a variant's name begins with."""
    return case.partition("-")[0]


def changed_settings(
    parameters: Mapping[str, Any], place: int, case: str
) -> list[Mapping[str, Any]]:
    """What a variant changes of its algorithm's section; nothing for an algorithm.

    Args:
        place: of the task in the list of tasks.

    Returns:
        What it changes everywhere, and over it what it changes for that task.
    """
    if case == base_algorithm(case):
        return []
    of_task = parameters["tasks"][place].get("settings", {})
    return [parameters.get("variants", {}).get(case, {}), of_task.get(case, {})]
