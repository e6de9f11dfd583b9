"""The speed of a suite at its own settings on one core, and what all of the suite costs.

Each case is measured on one task, and again on every task with other settings of the case. Other
checkouts of this repository are measured in the same rounds, with their own suite and code; only
the worker is this one.
"""

import argparse
import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.processes import System, Worker, measured_in_turn
from benchmarks.suite_cells import Cell, cells_of, measured_cells, read_suite
from benchmarks.suite_report import RATE, Result, cost_of, record, table

HERE = Path(__file__).resolve().parents[1]
STEPS = 100  # in a round, at least
COUNTED_STEPS = 20  # at least
PRODUCTS = 5  # large matrix products in a round
MARGIN = 10**4  # environment steps by which a run is longer, so that it does not end


@dataclass(frozen=True)
class Subject:
    """What one process measures: a cell of a checkout's suite, with so many seeds."""

    repository: Path
    cell: Cell
    group_size: int

    @property
    def name(self) -> str:
        """Tells it from the others."""
        cell = self.cell
        return f"{self.repository}: {cell.case}, {cell.environment}, {self.group_size}"

    def system(self, *options: str) -> System:
        """Its worker."""
        cell = self.cell
        command = ["ours.py", "--repository", str(self.repository), *options]
        command += ["--algorithm", cell.algorithm, "--task", cell.environment]
        command += ["--seeds", f"0-{self.group_size - 1}", "--steps", str(cell.steps + MARGIN)]
        return System(None, [*command, "--settings", without_evaluations(cell.settings)])


def without_evaluations(settings: str) -> str:
    """Settings with which a run is evaluated after no step that is measured."""
    sections = json.loads(settings)
    training = sections.get("training", {}) | {"evaluation_interval": 10**9}
    return json.dumps(sections | {"training": training})


def by_pytorch(repository: Path, cell: Cell) -> Cell:
    """The cell computed by PyTorch's operators, which can be counted; C++ code cannot.

    In an older checkout only the agent's update can be compiled, by a setting of the agent.
    """
    sections = json.loads(cell.settings)
    if (repository / "p2e" / "nn" / "compilation.py").exists():
        sections["training"] = sections.get("training", {}) | {"compiled": False}
    elif "compiled" in (agent := sections.get(cell.algorithm, {}).get("agent", {})):
        agent["compiled"] = False
    return replace(cell, settings=json.dumps(sections))


def counted_operations(subject: Subject, core: int) -> float:
    """Operations of matrix products a step and seed, counted in a process of its own."""
    one = Subject(subject.repository, by_pytorch(subject.repository, subject.cell), 1)
    worker = Worker(one.system("--count"), core)
    interval = worker.answer()["interval"]
    answer = worker.measure(whole_intervals(COUNTED_STEPS, interval))
    worker.close()
    return float(answer["operations"] / answer["environment_steps"])


def whole_intervals(steps: int, interval: int) -> int:
    """The smallest multiple of the interval that is not below `steps`."""
    return -(-steps // interval) * interval


def subjects_of(
    repository: Path, measured: Mapping[Cell, Cell], sizes: Sequence[int]
) -> list[Subject]:
    """What is measured of a suite, with its own group sizes if none are given."""
    return [
        Subject(repository, cell, size)
        for cell in dict.fromkeys(measured.values())
        for size in sizes or [cell.group_size]
    ]


def measure_suite(options: argparse.Namespace) -> None:
    """Measure a suite of this checkout and of others, and print the results."""
    repositories = [HERE, *(folder.resolve() for folder in options.repository)]
    measured = {folder: _measured_cells(folder, options) for folder in repositories}
    subjects = [
        subject
        for folder in repositories
        for subject in subjects_of(folder, measured[folder], options.group_sizes)
    ]
    records, rate = _records(subjects, options)
    results = [rate, *records.values()]
    for folder in repositories:
        own = {subject: row for subject, row in records.items() if subject.repository == folder}
        milliseconds = {
            (subject.cell, subject.group_size): float(row["milliseconds"])
            for subject, row in own.items()
        }
        version = next(iter(own.values()))["version"]
        results.append(cost_of(options.suite, version, measured[folder], milliseconds))
    for result in results:
        print(json.dumps(result))
    print(table(results))


def _measured_cells(repository: Path, options: argparse.Namespace) -> dict[Cell, Cell]:
    cells = cells_of(read_suite(repository, options.suite))
    environments = dict.fromkeys(cell.environment for cell in cells)
    if options.environment not in (None, *environments):
        raise SystemExit(
            f"error: --environment is {options.environment}, expected one of the suite "
            f"{options.suite} in {repository}: {', '.join(environments)}"
        )
    cases = options.cases or list(dict.fromkeys(cell.case for cell in cells))
    chosen = [cell for cell in cells if cell.case in cases]
    if not chosen:
        raise SystemExit(f"error: --cases is {' '.join(cases)}, expected some of the suite's")
    return measured_cells(chosen, options.environment)


def _records(
    subjects: Sequence[Subject], options: argparse.Namespace
) -> tuple[dict[Subject, Result], Result]:
    """The result of each subject, and that of the core."""
    counted: dict[tuple[Path, Cell], float] = {}
    for subject in subjects:
        key = subject.repository, subject.cell
        if key not in counted:
            counted[key] = counted_operations(subject, options.core)
    workers = {RATE: Worker(System(None, ["core_rate.py"]), options.core)}
    descriptions = {RATE: workers[RATE].answer()}
    steps = {RATE: PRODUCTS}
    for subject in subjects:
        worker = workers[subject.name] = Worker(subject.system(), options.core)
        described = descriptions[subject.name] = worker.answer()
        steps[subject.name] = whole_intervals(options.steps or STEPS, described["interval"])
    rounds = measured_in_turn(workers, options.rounds, steps)
    rates = [one["operations"] / one["seconds"] for one in rounds[RATE]]
    rate = statistics.median(rates)
    records = {
        subject: record(
            subject.repository == HERE,
            subject.cell,
            subject.group_size,
            descriptions[subject.name],
            rounds[subject.name],
            counted[subject.repository, subject.cell] / rate,
        )
        for subject in subjects
    }
    of_core = {"name": RATE, "gflops": round(rate / 1e9, 1)}
    return records, of_core | {"rounds": [round(each / 1e9, 1) for each in rates]}


def add_options_of_suite(parser: argparse.ArgumentParser) -> None:
    """The options of --suite."""
    group = parser.add_argument_group("a suite at its own settings")
    group.add_argument("--suite", metavar="NAME", help="core, or one of workflow/suites/")
    group.add_argument("--environment", metavar="ID", help="default: the suite's first task")
    group.add_argument("--cases", nargs="+", default=[], metavar="NAME", help="only these")
    group.add_argument(
        "--group-sizes",
        type=lambda text: [int(size) for size in text.split(",")],
        default=[],
        metavar="N,N",
        help="seeds in a process (default: the suite's own)",
    )
    group.add_argument(
        "--repository",
        type=Path,
        nargs="+",
        default=[],
        metavar="DIR",
        help="other checkouts of this repository, measured in turn with this one",
    )
