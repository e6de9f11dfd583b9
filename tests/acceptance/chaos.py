"""Kill training runs at random moments, repeatedly, and compare with runs never killed.

    python tests/acceptance/chaos.py --trials 20        every algorithm, once and three in a row
    python tests/acceptance/chaos.py --algorithms mbpo --trials 100 --random-seed 7

A run with the smoke suite's sizes gets SIGKILL at random moments, and is restarted until it
finishes. Then every CSV apart from its `seconds` column, the coverage counts and the checkpoint
must be bit-identical to those of a run that was never killed. The state is saved after every step,
so that some kills happen while it is being written.
"""

import argparse
import csv
import json
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

from p2e.algorithms import algorithm_names  # noqa: E402
from suites.description import read  # noqa: E402
from suites.entries import suite_entries  # noqa: E402

SMOKE = [str(ROOT / "params.yaml"), str(ROOT / "workflow" / "suites" / "smoke.yaml")]
TRAIN = str(ROOT / "workflow" / "scripts" / "train.py")
TABLES = ("training.csv", "evaluation.csv", "losses.csv", "open_loop.csv", "predictions.csv")
WHOLE_FILES = ("coverage.npz", "policy.safetensors")
LONGEST = 600.0  # seconds; far more than a run with these sizes takes


@dataclass
class Trial:
    """One run with its kills.

    Args:
        moments: what the run was doing when it was killed.
        attempts: processes that added to the result, as its manifest says.
        differing: files that differ from those of the run never killed.
        failure: why the run did not finish, or empty.
    """

    algorithm: str
    attempts: int = 0
    moments: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    failure: str = ""

    @property
    def passed(self) -> bool:
        """Whether the run finished with bit-identical results."""
        return not (self.differing or self.failure)

    def describe(self) -> str:
        """A one-line description of the trial."""
        end = self.failure or (f"DIFFERS: {self.differing}" if self.differing else "same bits")
        kills = ", ".join(self.moments)
        return f"{self.algorithm:13} killed {kills}; {self.attempts} attempts: {end}"


def smoke_arguments(algorithm: str) -> list[str]:
    """The arguments that determine the result of the smoke suite's first run of an algorithm, also
    of one that it has settings for and does not train."""
    first, *_ = suite_entries(read(SMOKE) | {"device": "cpu", "algorithms": [algorithm]})
    return shlex.split(first.arguments)


def start(algorithm: str, output: Path) -> "subprocess.Popen[str]":
    """A training process that saves its state after every step; its output goes to a file."""
    command = [sys.executable, TRAIN, *smoke_arguments(algorithm), "--output", str(output)]
    with output.with_name("log").open("a") as log:
        return subprocess.Popen(
            [*command, "--state-interval", "0"], stdout=log, stderr=log, text=True
        )


def finish(algorithm: str, output: Path) -> str:
    """Start a run and let it finish; returns the error, or empty."""
    process = start(algorithm, output)
    try:
        status = process.wait(LONGEST)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return f"did not end within {LONGEST:.0f} s"
    words = output.with_name("log").read_text().splitlines()
    return "" if status == 0 else f"ended with {status}: {words[-1] if words else 'no words'}"


def wait_until(happened: Callable[[], bool]) -> None:
    """Poll until a condition is true."""
    deadline = time.monotonic() + LONGEST
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing happened for {LONGEST:.0f} s")
        time.sleep(0.02)


def kill_at_random(
    process: "subprocess.Popen[str]", output: Path, duration: float, chance: random.Random
) -> str:
    """SIGKILL a process at a random moment, unless it ends before; returns the moment in words.

    One kill in four happens anywhere in the time of a whole run, including start-up. The others
    happen after this process has saved its first state, however slow the machine is.
    """
    state = output.with_name(output.name + ".state") / "state.pt"
    before = modified(state)
    if chance.random() < 0.75:
        wait_until(lambda: modified(state) != before or process.poll() is not None)
    try:
        return f"after it ended with {process.wait(chance.uniform(0.0, duration))}"
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    return moment(output)


def modified(file: Path) -> int:
    """When a file was written, 0 where there is none."""
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def moment(output: Path) -> str:
    """What a killed run was doing, judged by the files that it left."""
    state = output.with_name(output.name + ".state")
    if (output / "manifest.json").exists():
        return "after its end"
    if (output / "unfinished").exists():
        return "while writing its files"
    if (state / "state.pt.new").exists():
        return "while saving a state"
    return "between two states" if (state / "state.pt").exists() else "before its first state"


def trial(algorithm: str, kills: int, whole: Path, duration: float, chance: random.Random) -> Trial:
    """One run with so many kills at random moments, compared with a run never killed."""
    done = Trial(algorithm)
    with tempfile.TemporaryDirectory() as name:
        output = Path(name) / "run"
        for _ in range(kills):
            process = start(algorithm, output)
            done.moments.append(kill_at_random(process, output, duration, chance))
        done.failure = finish(algorithm, output)
        if not done.failure:
            done.differing = differing_files(whole, output)
            done.attempts = json.loads((output / "manifest.json").read_text())["attempts"]
    return done


def differing_files(one: Path, other: Path) -> list[str]:
    """The files of two run folders that differ in more than their times."""
    tables = [name for name in TABLES if rows_of(one / name) != rows_of(other / name)]
    files = [n for n in WHOLE_FILES if (one / n).read_bytes() != (other / n).read_bytes()]
    return tables + files


def rows_of(table: Path) -> list[dict[str, str]]:
    """The rows of a CSV file without the column `seconds`."""
    with table.open(newline="") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


def never_killed(algorithm: str, folder: Path) -> tuple[Path, float]:
    """The folder of a run that was never killed, and how many seconds its process took."""
    output = folder / algorithm / "run"
    output.parent.mkdir(parents=True)
    started = time.monotonic()
    if failure := finish(algorithm, output):
        raise RuntimeError(f"{algorithm}: the run that nobody killed {failure}")
    return output, time.monotonic() - started


def tally(trials: list[Trial]) -> str:
    """How many trials of each algorithm were bit-identical, and when kills happened."""
    lines = []
    for algorithm in dict.fromkeys(trial.algorithm for trial in trials):
        own = [trial for trial in trials if trial.algorithm == algorithm]
        passed = sum(trial.passed for trial in own)
        lines.append(f"{algorithm:13} {passed} of {len(own)} ended with the same bits")
    met = Counter(moment for trial in trials for moment in trial.moments)
    lines += [f"{count:5} {moment}" for moment, count in sorted(met.items())]
    return "\n".join(lines)


def main() -> None:
    """Run the trials and print them; exit code 1 if one was not bit-identical."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=10, help="of each kind and algorithm")
    parser.add_argument(
        "--kills", type=int, nargs="+", default=[1, 3], help="kinds: kills in a row"
    )
    parser.add_argument("--algorithms", nargs="+", default=algorithm_names())
    parser.add_argument("--random-seed", type=int, default=0, help="of the moments")
    options = parser.parse_args()
    chance = random.Random(options.random_seed)
    trials: list[Trial] = []
    folder = Path(tempfile.mkdtemp())
    try:
        for algorithm in options.algorithms:
            whole, duration = never_killed(algorithm, folder)
            print(f"{algorithm}: a run takes {duration:.0f} s", flush=True)
            for kills in options.kills * options.trials:
                trials.append(trial(algorithm, kills, whole, duration, chance))
                print(trials[-1].describe(), flush=True)
    finally:
        shutil.rmtree(folder)
    print(tally(trials))
    sys.exit(0 if all(trial.passed for trial in trials) else 1)


if __name__ == "__main__":
    main()
