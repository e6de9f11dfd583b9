"""The cells of a suite, which of them are measured, and what all of them cost."""

import json
import shlex
from typing import Any

import pytest

from benchmarks.suite_cells import Cell, cells_of, cheapest, core_hours, measured_cells


def cell(environment: str, case: str, settings: dict[str, Any], steps: int = 1000) -> Cell:
    return Cell(environment, case, case, steps, 5, 1, json.dumps(settings))


ONE, OTHER = {"mbpo": {"updates_per_step": 4}}, {"mbpo": {"updates_per_step": 10}}
SAC = cell("A-v0", "sac", {}), cell("B-v0", "sac", {}, 3000), cell("C-v0", "sac", {})
MBPO = cell("A-v0", "mbpo", ONE), cell("B-v0", "mbpo", ONE, 3000), cell("C-v0", "mbpo", OTHER)


def test_the_cells_of_a_description() -> None:
    command = ["python", "train.py", "--settings", '{"sac":{"agent":{}}}', "--output", "x"]
    run = {"environment": "A-v0", "steps": 200, "command": shlex.join(command)}
    alone = [run | {"algorithm": "sac", "seeds": [seed]} for seed in range(3)]
    variant = run | {"algorithm": "plan2explore-x", "variant_of": "plan2explore"}
    grouped = [variant | {"seeds": [0, 1]}, variant | {"seeds": [2]}]
    assert cells_of({"runs": [*alone, *grouped]}) == [
        Cell("A-v0", "sac", "sac", 200, 3, 1, '{"sac":{"agent":{}}}'),
        Cell("A-v0", "plan2explore-x", "plan2explore", 200, 3, 2, '{"sac":{"agent":{}}}'),
    ]


def test_a_task_with_other_settings_of_the_case_is_measured_itself() -> None:
    measured = measured_cells([*SAC, *MBPO])
    assert list(measured) == [*SAC, *MBPO]
    assert list(measured.values()) == [SAC[0]] * 3 + [MBPO[0], MBPO[0], MBPO[2]]


def test_the_task_may_be_chosen() -> None:
    measured = measured_cells([*SAC, *MBPO], "B-v0")
    assert list(measured.values()) == [SAC[1]] * 3 + [MBPO[1], MBPO[1], MBPO[2]]


def test_facts_about_a_task_are_no_other_settings() -> None:
    facts = cell("B-v0", "sac", {"task": {"horizon": 50}})
    assert measured_cells([SAC[0], facts])[facts] == SAC[0]


def test_the_cost_is_the_sum_over_all_steps_of_all_seeds() -> None:
    """Five seeds of 1,000, 3,000 and 1,000 steps: 3.6 ms a step are 0.025 hours in all."""
    measured = measured_cells([*SAC, *MBPO])
    milliseconds = {(SAC[0], 1): 3.6, (SAC[0], 5): 7.2, (MBPO[0], 1): 36.0, (MBPO[2], 1): 360.0}
    hours = core_hours(measured, milliseconds)
    assert hours == {
        ("sac", 1): pytest.approx(0.025),
        ("sac", 5): pytest.approx(0.05),
        ("mbpo", 1): pytest.approx(0.2 + 0.5),
    }
    assert cheapest(hours) == {"sac": (1, hours["sac", 1]), "mbpo": (1, hours["mbpo", 1])}
