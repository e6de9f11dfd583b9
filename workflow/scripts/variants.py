"""Variants: an algorithm with some settings changed, under a name of its own.

A suite's list `algorithms` names its cases: algorithms, and variants of them. The section
`variants` says what each variant changes. Its name is its algorithm, a hyphen, and words
(`plan2explore-no-curiosity`), so that the name alone tells which code it runs.
"""

from collections.abc import Mapping
from typing import Any


def base_algorithm(case: str) -> str:
    """The algorithm that a case runs: its own name, or what a variant's name begins with."""
    return case.partition("-")[0]


def changed_settings(parameters: Mapping[str, Any], case: str) -> dict[str, Any]:
    """What a variant changes of its algorithm's section; nothing for an algorithm."""
    return dict(parameters.get("variants", {}).get(case, {}))
