"""What is told about a measured suite."""

from typing import Any

from benchmarks.suite_cells import Cell, measured_cells
from benchmarks.suite_report import cost_of, record, table

CELL = Cell("A-v0", "plan2explore", "plan2explore", 1000, 5, 5, "{}")


def measured(here: bool, group_size: int, seconds: list[float]) -> dict[str, Any]:
    """The record of rounds of 100 steps of every seed."""
    rounds = [{"environment_steps": 100 * group_size, "seconds": each} for each in seconds]
    description = {"version": "0123456789abcdef-dirty, torch 2", "steps_made": 700}
    return record(here, CELL, group_size, description, rounds, floor_seconds=0.004)


def test_a_record_has_the_median_a_step_and_seed() -> None:
    result = measured(True, 5, [9.0, 5.0, 4.0])
    assert result["milliseconds"] == 10.0 and result["rounds"] == [18.0, 10.0, 8.0]
    assert result["environment_steps_per_second"] == 100.0
    assert result["steps_per_second_and_seed"] == 20.0
    assert (result["floor_milliseconds"], result["share_of_floor"]) == (4.0, 0.4)
    assert result["of_suite"] and not measured(True, 1, [1.0])["of_suite"]


def test_the_cost_takes_the_cheapest_group_size() -> None:
    cost = cost_of("core", "abc", measured_cells([CELL]), {(CELL, 1): 72.0, (CELL, 5): 36.0})
    assert cost["core_hours"] == 0.05 and cost["group_sizes"] == {"plan2explore": 5}
    assert cost["core_hours_by_group_size"] == {"plan2explore": {1: 0.1, 5: 0.05}}
    assert "evaluations" in cost["left_out"]


def test_the_table_compares_with_the_same_number_of_seeds_where_it_was_measured() -> None:
    rows = [measured(True, 1, [2.0]), measured(True, 5, [5.0])]
    rows += [measured(False, 1, [4.0]), measured(False, 10, [30.0])]
    cost = cost_of("core", "abcdefghi, torch 2", measured_cells([CELL]), {(CELL, 5): 36.0})
    lines = table([*rows, cost]).splitlines()
    assert lines[0].split()[-2:] == ["here", "is"]
    assert " ".join(lines[1].split()) == "0123456+ plan2explore, A-v0 1 50.0 50.0 20.00 0.20"
    # Ten seeds were not measured here: they are compared with the five of the suite.
    assert [line.split()[-1] for line in lines[3:5]] == ["2.00x", "3.00x"]
    assert "abcdefg suite core: 0.05 hours of this core (plan2explore in groups of 5)" in lines
    assert lines[-1].startswith("left out: evaluations")
