"""Train on emulated processors, and compare every digit of `deterministic: strict`.

Requires Debian's package qemu-user, which runs this machine's Python on an emulated processor with
only that processor's instructions. SandyBridge has AVX, but neither AVX2 nor fused multiply-add;
Haswell has all three, but no AVX-512.

A short run of each algorithm is trained and evaluated on this machine and on each emulated
processor. The first lines show that the digits differ with `deterministic: machine`; otherwise the
others would prove nothing.
"""

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

from program.strict import ENVIRONMENT  # noqa: E402
from suites.description import read  # noqa: E402
from suites.entries import SuiteEntry, suite_entries  # noqa: E402
from tests.acceptance.chaos import SMOKE, differing_files, rows_of  # noqa: E402

HERE = "this machine"
PROCESSORS = (HERE, "SandyBridge", "Haswell")


def command_of(processor: str, program: str, *arguments: str) -> list[str]:
    """The command for a Python program on this machine's processor or on an emulated one."""
    emulator = [] if processor == HERE else ["qemu-x86_64", "-cpu", processor]
    return [*emulator, sys.executable, f"workflow/scripts/{program}", *arguments]


def train(run: SuiteEntry, processor: str, folder: Path) -> None:
    """Train and evaluate a run.

    An emulated program must not execute itself again: it would then run on the real processor.
    Neither must it find a compiler, which would make code for the real one.
    """
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CXX": "no-compiler"}
    if run.deterministic == "strict":
        environment |= ENVIRONMENT
    arguments = [*shlex.split(run.arguments), "--output", str(folder)]
    for command in (
        command_of(processor, "train.py", *arguments),
        command_of(processor, "evaluate.py", "--run", str(folder), "--episodes", "2"),
    ):
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{run.algorithm} on {processor} failed:\n{done.stderr[-2000:]}")


def compare(run: SuiteEntry, folder: Path) -> dict[str, list[str]]:
    """For each processor, the files that differ from this machine's."""
    folders = {processor: folder / processor.replace(" ", "-") for processor in PROCESSORS}
    for processor, own in folders.items():
        train(run, processor, own)
    here = folders.pop(HERE)
    scores = rows_of(here / "final.csv")
    return {
        processor: differing_files(here, there)
        + ["final.csv"] * (rows_of(there / "final.csv") != scores)
        for processor, there in folders.items()
    }


def check(runs: Sequence[SuiteEntry], deterministic: str) -> bool:
    """Compare the runs and print a line per processor; returns whether no file differs."""
    equal = True
    for run in runs:
        with tempfile.TemporaryDirectory() as folder:
            found = compare(replace(run, deterministic=deterministic), Path(folder))
        for processor, files in found.items():
            end = f"differ: {', '.join(files)}" if files else "every file is the same"
            case = f"{run.algorithm}, {run.environment}, {run.steps} steps"
            print(f"{deterministic}: {case}: {HERE} and {processor}: {end}", flush=True)
            equal = equal and not files
    return equal


def main() -> None:
    """Exit 0 if the strict digits are equal on all processors and the others are not."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--environment", default="p2e/PointMaze-v0", help="of the smoke suite")
    options = parser.parse_args()
    suite = suite_entries(read(SMOKE) | {"device": "cpu"})
    runs = [run for run in suite if (run.environment, run.seeds) == (options.environment, (0,))]
    others_equal = check(runs[:1], "machine")
    if others_equal:
        print("the digits are the same without it: this shows nothing", flush=True)
    sys.exit(not check(runs, "strict") or others_equal)


if __name__ == "__main__":
    main()
