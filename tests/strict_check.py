"""Train on emulated processors, and compare every digit of `deterministic: strict`.

qemu-user is needed (Debian's package of this name): it runs this machine's Python on a processor
that it emulates, with that processor's instructions and no others. A SandyBridge has AVX, and
neither AVX2 nor fused multiply-add; a Haswell has all three, and no AVX-512.

A short run of each algorithm is trained and evaluated on this machine and on each of them. The
first table shows that the digits differ as long as `deterministic` is `machine`, or the second
would prove nothing.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

from strict import ENVIRONMENT  # noqa: E402
from suite import Run, planned_runs, read  # noqa: E402

HERE = "this machine"
PROCESSORS = (HERE, "SandyBridge", "Haswell")
# Times are not digits of the run.
SECONDS = "seconds"


def command_of(processor: str, program: str, *arguments: str) -> list[str]:
    """A Python program on this machine's processor or on an emulated one."""
    emulator = [] if processor == HERE else ["qemu-x86_64", "-cpu", processor]
    return [*emulator, sys.executable, f"workflow/scripts/{program}", *arguments]


def train(run: Run, processor: str, deterministic: str, folder: Path) -> dict[str, str]:
    """Train and evaluate a run; the digest of each of its files.

    An emulated program cannot start itself again: it would come back on the real processor.
    """
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    if deterministic == "strict":
        environment |= ENVIRONMENT
    output = ["--output", str(folder)]
    arguments = ["--settings", run.settings, "--deterministic", deterministic, *output]
    arguments += ["--algorithm", run.algorithm, "--environment", run.environment]
    arguments += ["--seeds", run.group, "--steps", str(run.steps), "--device", "cpu"]
    for command in (
        command_of(processor, "train.py", *arguments),
        command_of(processor, "evaluate.py", "--run", str(folder), "--episodes", "2"),
    ):
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{run.algorithm} on {processor} failed:\n{done.stderr[-2000:]}")
    return {file.name: digest_of(file) for file in sorted(folder.iterdir()) if is_result(file)}


def is_result(file: Path) -> bool:
    """Whether a run's file holds its digits; the manifest holds times and the processor."""
    return file.suffix in (".csv", ".pt", ".npz")


def digest_of(file: Path) -> str:
    """The start of a SHA-256, without a column of seconds."""
    content = file.read_bytes()
    if file.suffix == ".csv":
        rows = [line.split(b",") for line in content.splitlines()]
        kept = [place for place, name in enumerate(rows[0]) if name != SECONDS.encode()]
        content = b"\n".join(b",".join(row[place] for place in kept) for row in rows)
    return hashlib.sha256(content).hexdigest()[:12]


def compare(run: Run, deterministic: str, folder: Path) -> dict[str, list[str]]:
    """Each processor's files that differ from this machine's."""
    digests = {
        processor: train(run, processor, deterministic, folder / processor.replace(" ", "-"))
        for processor in PROCESSORS
    }
    here = digests.pop(HERE)
    return {
        processor: [name for name in here if found[name] != here[name]]
        for processor, found in digests.items()
    }


def check(runs: Sequence[Run], deterministic: str) -> bool:
    """Compare the runs, print a line a processor; whether no file differs anywhere."""
    equal = True
    for run in runs:
        with tempfile.TemporaryDirectory() as folder:
            for processor, files in compare(run, deterministic, Path(folder)).items():
                found = f"differ: {', '.join(files)}" if files else "every file is the same"
                case = f"{run.algorithm}, {run.environment}, {run.steps} steps"
                print(f"{deterministic}: {case}: {HERE} and {processor}: {found}", flush=True)
                equal = equal and not files
    return equal


def main() -> None:
    """Exit 0 where strict digits are the same on all processors, and the others are not."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--environment", default="p2e/PointMaze-v0", help="of the smoke suite")
    options = parser.parse_args()
    suite = planned_runs(read(["params.yaml", "workflow/suites/smoke.yaml"]))
    runs = [run for run in suite if (run.environment, run.seeds) == (options.environment, (0,))]
    others_equal = check(runs[:1], "machine")
    if others_equal:
        print("the digits are the same without it: this shows nothing", flush=True)
    sys.exit(not check(runs, "strict") or others_equal)


if __name__ == "__main__":
    main()
