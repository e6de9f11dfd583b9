"""Which processes measure a suite, and with which settings."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.suite_cells import Cell, cells_of, measured_cells, read_suite
from benchmarks.suite_throughput import (
    Subject,
    by_pytorch,
    subjects_of,
    whole_intervals,
)
from tests.helpers.paths import ROOT

CELL = Cell("A-v0", "sac", "sac", 1000, 5, 2, '{"training": {"log_interval": 5}}')


@pytest.mark.parametrize(
    ("steps", "interval", "expected"), [(100, 1, 100), (100, 250, 250), (251, 250, 500), (3, 2, 4)]
)
def test_only_whole_intervals_are_measured(steps: int, interval: int, expected: int) -> None:
    assert whole_intervals(steps, interval) == expected


@pytest.mark.parametrize("settings", [{}, {"training": {"log_interval": 5, "compiled": True}}])
def test_what_is_counted_is_made_by_pytorch(settings: dict[str, dict[str, object]]) -> None:
    found = by_pytorch(ROOT, replace(CELL, settings=json.dumps(settings)))
    expected = settings.get("training", {}) | {"compiled": False}
    assert json.loads(found.settings) == {"training": expected}


def test_of_an_older_checkout_the_agent_is_not_compiled(tmp_path: Path) -> None:
    of_agent = replace(CELL, settings='{"sac": {"agent": {"compiled": true}}}')
    found = by_pytorch(tmp_path, of_agent)
    assert json.loads(found.settings) == {"sac": {"agent": {"compiled": False}}}
    assert by_pytorch(tmp_path, CELL) == CELL


def test_a_suite_is_measured_in_its_own_group_size_or_in_those_asked_for() -> None:
    other = replace(CELL, environment="B-v0")
    measured = measured_cells([CELL, other])
    assert subjects_of(ROOT, measured, []) == [Subject(ROOT, CELL, 2)]
    assert subjects_of(ROOT, measured, [1, 5]) == [Subject(ROOT, CELL, 1), Subject(ROOT, CELL, 5)]


def test_a_worker_trains_as_the_suite_does_without_evaluations() -> None:
    command = Subject(ROOT, CELL, 2).system("--count").command
    options = dict(zip(command[4::2], command[5::2], strict=True))
    assert command[:4] == ["ours.py", "--repository", str(ROOT), "--count"]
    assert options["--seeds"] == "0-1" and options["--task"] == "A-v0"
    settings = json.loads(options["--settings"])
    assert settings["training"].pop("evaluation_interval") > 10**6
    assert settings == {"training": {"log_interval": 5}}


def test_the_suites_of_a_checkout_are_read_by_its_own_program() -> None:
    cells = cells_of(read_suite(ROOT, "smoke"))
    assert len(cells) == 6 and {cell.seeds for cell in cells} == {2}
    with pytest.raises(SystemExit, match=r"nothing\.yaml: No such file"):
        read_suite(ROOT, "nothing")
