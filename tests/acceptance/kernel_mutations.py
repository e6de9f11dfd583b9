"""Show that the tests of the C++ kernels notice faults: break a kernel in one place, and run them.

    python tests/acceptance/kernel_mutations.py                      # all, in about an hour
    python tests/acceptance/kernel_mutations.py 12 40-49 missing-bias
    python tests/acceptance/kernel_mutations.py --list

Each mutation of kernel_mutations.txt is made in a copy of the package, whose tests have to fail.
The exit status is not 0 where a mutation survived, where its text does not occur exactly once any
more, where the mutated file does not compile, or where its tests did not end. A mutation that can
change no result has no place in the list.
"""

import argparse
import multiprocessing
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_suffix(".txt")
COPIED = "p2e", "tests/conftest.py", "tests/helpers", "tests/p2e", "pyproject.toml"
# Those of the folder that has the mutated file come first.
TESTS = tuple(
    f"tests/p2e/{name}.py"
    for name in (
        *("nn/native/test_kernels", "nn/native/test_kernel_functions"),
        *("nn/native/test_kernel_shapes", "nn/native/test_kernel_rounding"),
        *("world/native/test_world_step", "agent/native/test_native_update"),
    )
)
SECONDS = 900  # then the tests are stopped
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["torch", "pytest", "jaxtyping", "beartype", "pdb"])
CRASHES = signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL
OUTPUT = "output.txt"  # of the tests
FAILED, SURVIVED = "failed", "SURVIVED"


class Mutation(NamedTuple):
    """A text that occurs once in a file, and what it becomes."""

    name: str
    file: str
    old: str
    new: str


class Outcome(NamedTuple):
    """What the tests said of a mutation, and which of them."""

    verdict: str
    detail: str


def tests_of(file: str) -> list[str]:
    """The tests, in the order in which they are run for a mutation of this file."""
    folder = f"tests/{Path(file).parent}".removesuffix("/include")
    return sorted(TESTS, key=lambda test: not test.startswith(folder))


def copy_package(source: Path, folder: Path) -> None:
    for name in COPIED:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (source / name).is_dir():
            shutil.copytree(source / name, target)
        else:
            shutil.copy2(source / name, target)


class CompiledAgainLast:
    """Tests that compile with other flags take the longest."""

    def pytest_collection_modifyitems(self, items: list[pytest.Function]) -> None:
        slow = {"narrower_registers", "rounded", "compiled_again"}
        items.sort(key=lambda item: not slow.isdisjoint(item.fixturenames))


def pytest_in(folder: Path, tests: Sequence[str]) -> None:
    """Runs in a process of its own, forked from one that has imported torch and pytest already."""
    with (folder / OUTPUT).open("w") as file:
        for descriptor in (1, 2):
            os.dup2(file.fileno(), descriptor)
    os.chdir(folder)
    os.environ |= {"XDG_CACHE_HOME": str(folder / "cache"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    options = ["-x", "-q", "--tb=short", "-p", "no:cacheprovider", f"--basetemp={folder / 'temp'}"]
    sys.exit(pytest.main([*options, *tests], plugins=[CompiledAgainLast()]))


class Run(NamedTuple):
    """Tests that are running in a copy of the package."""

    number: int
    folder: Path
    process: ForkServerProcess
    until: float

    def is_over(self) -> bool:
        return not self.process.is_alive() or time.monotonic() > self.until


def started(number: int, folder: Path, tests: Sequence[str]) -> Run:
    process = FORKS.Process(target=pytest_in, args=(folder, tests))
    process.start()
    return Run(number, folder, process, time.monotonic() + SECONDS)


def outcome_of(run: Run) -> Outcome:
    """Of a run that has ended, or whose time has."""
    if run.process.is_alive():
        run.process.kill()
    run.process.join()
    status, output = run.process.exitcode or 0, run.folder / OUTPUT
    text = output.read_text() if output.exists() else ""
    found = re.search(r"^(?:FAILED|ERROR) (\S+)", text, re.MULTILINE)
    detail = found[1] if found else text[-500:]
    if status < 0:
        return Outcome(FAILED if -status in CRASHES else "STOPPED", f"by signal {-status}")
    if status == 0:
        return Outcome(SURVIVED, "")
    if status > 1:
        return Outcome("WERE NOT RUN", detail)
    return Outcome("DOES NOT COMPILE" if "CompilerError: " in text else FAILED, detail)


def ended(running: list[Run]) -> Iterator[tuple[int, Outcome]]:
    """Takes the runs that have ended out of the list, at least one of them."""
    while not (over := [run for run in running if run.is_over()]):
        wait([run.process.sentinel for run in running], timeout=1)
    for run in over:
        running.remove(run)
        yield run.number, outcome_of(run)
        shutil.rmtree(run.folder)


def outcomes_of(
    mutations: Sequence[Mutation], numbers: Sequence[int], jobs: int, folder: Path
) -> Iterator[tuple[int, Outcome]]:
    """As soon as they are known; of what there is now, so that it may be edited meanwhile.

    Raises:
        SystemExit: where the tests fail without a mutation.
    """
    intact, unchanged = folder / "intact", folder / "unchanged"
    copy_package(ROOT, intact)
    copy_package(intact, unchanged)
    ((_, without),) = ended([started(0, unchanged, TESTS)])
    if without.verdict != SURVIVED:
        raise SystemExit(f"error: without a mutation the tests {' '.join(without)}")
    running: list[Run] = []
    for number in numbers:
        mutation, own = mutations[number], folder / str(number)
        text = (intact / mutation.file).read_text()
        times = text.count(mutation.old)
        if times != 1:
            yield number, Outcome("DOES NOT APPLY", f"its text occurs {times} times")
            continue
        copy_package(intact, own)
        (own / mutation.file).write_text(text.replace(mutation.old, mutation.new))
        running.append(started(number, own, tests_of(mutation.file)))
        if len(running) == jobs:
            yield from ended(running)
    while running:
        yield from ended(running)


def read_mutations() -> list[Mutation]:
    mutations: list[Mutation] = []
    file = ""
    for line in LIST.read_text().splitlines():
        if line.startswith("== "):
            file = line.removeprefix("== ")
        elif line and not line.startswith("#"):
            name, old, new = f"{line} ".replace("\\n", "\n").split(" | ")
            mutations.append(Mutation(name, file, old, new.removesuffix(" ")))
    return mutations


def chosen_numbers(mutations: Sequence[Mutation], wanted: Sequence[str]) -> list[int]:
    """From numbers, ranges of numbers and names; all where nothing is asked for."""
    if not wanted:
        return list(range(len(mutations)))
    numbers: list[int] = []
    for text in wanted:
        found = [number for number, mutation in enumerate(mutations) if mutation.name == text]
        if re.fullmatch(r"\d+(-\d+)?", text):
            first, _, last = text.partition("-")
            found = list(range(int(first), int(last or first) + 1))
        if not found or found[-1] >= len(mutations):
            raise SystemExit(f"error: there is no mutation {text}; --list names them")
        numbers += found
    return numbers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("mutations", nargs="*", metavar="NAME", help="names, numbers or 3-9")
    parser.add_argument("--list", action="store_true", help="name all mutations")
    parser.add_argument("--jobs", type=int, choices=(1, 2), default=2, help="at the same time")
    options = parser.parse_args()
    mutations = read_mutations()
    numbers = chosen_numbers(mutations, options.mutations)
    if options.list:
        for number in numbers:
            print(f"{number:3} {mutations[number].file}: {mutations[number].name}")
        return
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        for number, outcome in outcomes_of(mutations, numbers, options.jobs, Path(folder)):
            line = f"{number:3} {mutations[number].name}: {' '.join(outcome)}".rstrip()
            print(line, flush=True)
            if outcome.verdict != FAILED:
                wrong.append(line)
    print(
        f"\n{len(numbers) - len(wrong)} of {len(numbers)} mutations failed a test", *wrong, sep="\n"
    )
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
