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
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
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
    folder = f"tests/{Path(file).parent}"
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


def pytest_in(folder: Path, tests: Sequence[str], output: Path) -> None:
    """Runs in a process of its own, forked from one that has imported torch and pytest already."""
    with output.open("w") as file:
        for descriptor in (1, 2):
            os.dup2(file.fileno(), descriptor)
    os.chdir(folder)
    os.environ |= {"XDG_CACHE_HOME": str(folder / "cache"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    options = ["-x", "-q", "--tb=short", "-p", "no:cacheprovider", f"--basetemp={folder / 'temp'}"]
    sys.exit(pytest.main([*options, *tests], plugins=[CompiledAgainLast()]))


def run_tests(folder: Path, tests: Sequence[str]) -> Outcome:
    """Compiled libraries stay within the folder."""
    output = folder / "output.txt"
    process = FORKS.Process(target=pytest_in, args=(folder, tests, output))
    process.start()
    process.join(SECONDS)
    if process.is_alive():
        process.kill()
        process.join()
        return Outcome("STOPPED", f"after {SECONDS} s")
    status, text = process.exitcode or 0, output.read_text()
    found = re.search(r"^(?:FAILED|ERROR) (\S+)", text, re.MULTILINE)
    detail = found[1] if found else text[-500:]
    if status < 0:
        return Outcome(FAILED if -status in CRASHES else "STOPPED", f"by signal {-status}")
    if status == 0:
        return Outcome(SURVIVED, "")
    if status > 1:
        return Outcome("WERE NOT RUN", detail)
    return Outcome("DOES NOT COMPILE" if "CompilerError: " in text else FAILED, detail)


def outcome_of(mutation: Mutation, intact: Path) -> Outcome:
    text = (intact / mutation.file).read_text()
    times = text.count(mutation.old)
    if times != 1:
        return Outcome("DOES NOT APPLY", f"its text occurs {times} times in {mutation.file}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_package(intact, folder)
        (folder / mutation.file).write_text(text.replace(mutation.old, mutation.new))
        return run_tests(folder, tests_of(mutation.file))


def outcomes_of(mutations: Sequence[Mutation], jobs: int) -> Iterator[Outcome]:
    """In a copy of what there is now, so that it may be edited meanwhile."""
    with tempfile.TemporaryDirectory() as name:
        intact = Path(name) / "intact"
        copy_package(ROOT, intact)
        without = run_tests(intact, TESTS)
        if without.verdict != SURVIVED:
            raise SystemExit(f"error: without a mutation the tests {' '.join(without)}")
        shutil.rmtree(intact / "temp")
        with ThreadPoolExecutor(jobs) as pool:
            yield from pool.map(partial(outcome_of, intact=intact), mutations)


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
    outcomes = outcomes_of([mutations[number] for number in numbers], options.jobs)
    for number, outcome in zip(numbers, outcomes, strict=True):
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
