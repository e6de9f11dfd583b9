"""What is told about a measured suite: a record for each measurement, the cost, a table."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.suite_cells import Cell, cheapest, core_hours

Result = dict[str, Any]
RATE = "matrix products of this core"
LEFT_OUT = (
    "evaluations, pre-training of the world model, and the start of each process; "
    "warm-up steps count as any others"
)


def record(
    here: bool,
    cell: Cell,
    group_size: int,
    description: Mapping[str, Any],
    rounds: Sequence[Mapping[str, float]],
    floor_seconds: float,
) -> Result:
    """Medians over the rounds of one process.

    Args:
        here: whether it was of this checkout.
        floor_seconds: of the matrix products of a step and seed at the core's rate.
    """
    each = [1000 * one["seconds"] / one["environment_steps"] for one in rounds]
    milliseconds = statistics.median(each)
    return {
        "name": cell.case,
        "here": here,
        "version": description["version"],
        "task": cell.environment,
        "seeds": group_size,
        "of_suite": group_size == cell.group_size,
        "environment_steps_per_second": round(1000 / milliseconds, 2),
        "steps_per_second_and_seed": round(1000 / milliseconds / group_size, 2),
        "milliseconds": round(milliseconds, 4),
        "floor_milliseconds": round(1000 * floor_seconds, 4),
        "share_of_floor": round(1000 * floor_seconds / milliseconds, 3),
        "first_step": description["steps_made"],
        "rounds": [round(value, 4) for value in each],
    }


def cost_of(
    suite: str,
    version: str,
    measured: Mapping[Cell, Cell],
    milliseconds: Mapping[tuple[Cell, int], float],
) -> Result:
    """What all steps of a suite cost, in the group size of each case that costs the least."""
    hours = core_hours(measured, milliseconds)
    best = cheapest(hours)
    return {
        "name": f"suite {suite}",
        "version": version,
        "core_hours": round(sum(of_case for _, of_case in best.values()), 2),
        "group_sizes": {case: size for case, (size, _) in best.items()},
        "core_hours_by_group_size": {
            case: {size: round(each, 2) for (name, size), each in hours.items() if name == case}
            for case in best
        },
        "left_out": LEFT_OUT,
    }


def table(results: Sequence[Result]) -> str:
    """A row for each measurement, and the cost of each suite.

    `here is`: how many times as many steps a seed this checkout makes in the same time, with the
    same number of seeds or, where that was not measured, with its suite's own.
    """
    rows = [result for result in results if "share_of_floor" in result]
    costs = [result for result in results if "core_hours" in result]
    names = [f"{row['name']}, {row['task']}" for row in rows]
    width = max(map(len, ["case", *names]))
    heads = ("seeds", "steps/s", "a seed", "ms", "floor/ms", "here is")
    lines = [" ".join([f"{'version':9}", f"{'case':{width}}", *(f"{head:>9}" for head in heads)])]
    for name, row in zip(names, rows, strict=True):
        cells = [
            f"{row['seeds']:9d}",
            f"{row['environment_steps_per_second']:9.1f}",
            f"{row['steps_per_second_and_seed']:9.1f}",
            f"{row['milliseconds']:9.2f}",
            f"{row['share_of_floor']:9.2f}",
            _ratio(row, rows),
        ]
        lines.append(" ".join([f"{_commit(row):9}", f"{name:{width}}", *cells]))
    lines.append("steps/s: of all seeds; ms: of a step and seed; floor: its matrix products alone")
    for cost in costs:
        parts = (f"{case} in groups of {size}" for case, size in cost["group_sizes"].items())
        hours = f"{cost['core_hours']:.2f} hours of this core"
        lines.append(f"{_commit(cost)} {cost['name']}: {hours} ({', '.join(parts)})")
    lines.append(f"left out: {LEFT_OUT}")
    return "\n".join(lines)


def _commit(result: Result) -> str:
    """The first digits of the commit, with a + for uncommitted changes."""
    commit = str(result["version"]).partition(",")[0]
    return commit[:7] + ("+" if commit.endswith("-dirty") else "")


def _ratio(row: Result, rows: Sequence[Result]) -> str:
    """The row's time for a step and seed over that of this checkout; empty for its own."""
    same = [one for one in rows if (one["name"], one["task"]) == (row["name"], row["task"])]
    own = [one for one in same if one["here"]]
    if row["here"] or not own:
        return ""
    equal = [one for one in own if one["seeds"] == row["seeds"]]
    of_suite = [one for one in own if one["of_suite"]]
    here = [*equal, *of_suite, *own][0]
    return f"{row['milliseconds'] / here['milliseconds']:8.2f}x"
