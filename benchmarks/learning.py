"""Compares the learning of our SAC, also in reduced precision, with Stable-Baselines3's.

All systems have the same settings, tasks, seeds and evaluations. Finished runs are kept: rerun the
same command to train the missing ones. Writes one CSV per run, and a table of all runs.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

import pandas as pd

from benchmarks.peer_environments import python_of
from reporting.statistics.intervals import t_interval

RESULTS = Path(__file__).resolve().parent / "results" / "learning"
COLUMNS = ["step", "episode", "return", "length"]
OURS, PEER = "ours", "stable-baselines3"

# Stable-Baselines3's defaults. The settings left out are the same in our defaults (target entropy
# -dim(action), Adam, no gradient clipping, an update every step).
AGENT = {
    "hidden": [256, 256],
    "batch_size": 256,
    "learning_rate": 3e-4,
    "discount": 0.99,
    "target_rate": 0.005,
    "initial_alpha": 1.0,
}
WARMUP_STEPS = 1000


def train_ours(
    task: str,
    seed: int,
    steps: int,
    interval: int,
    output: Path,
    precision: str = "float32",
    compiled: bool = False,
) -> None:
    """Runs train.py; its state and run folder are in a folder that git ignores."""
    training = {
        "warmup_steps": WARMUP_STEPS,
        "evaluation_interval": interval,
        "precision": precision,
        "compiled": compiled,
    }
    folder = RESULTS.parent / ".runs" / output.parts[-3] / task / str(seed)
    command = [
        *(sys.executable, str(ROOT / "workflow" / "scripts" / "train.py")),
        *("--algorithm", "sac", "--environment", task, "--seeds", str(seed)),
        *("--steps", str(steps), "--device", "cpu", "--output", str(folder)),
        *("--settings", json.dumps({"training": training, "sac": {"agent": AGENT}})),
    ]
    subprocess.run(command, check=True)
    evaluations = pd.read_csv(folder / "evaluation.csv")
    save(evaluations[evaluations["step"] > 0], output)  # ours also evaluates before it learns


def train_peer(task: str, seed: int, steps: int, interval: int, output: Path) -> None:
    """Runs Stable-Baselines3 in its own virtual environment."""
    script = Path(__file__).resolve().parent / "workers" / "learn_stable_baselines3.py"
    command = [
        *(str(python_of("sb3")), str(script), "--task", task, "--seed", str(seed)),
        *("--steps", str(steps), "--interval", str(interval), "--output", str(output)),
    ]
    subprocess.run(command, check=True)


TRAIN: dict[str, Callable[[str, int, int, int, Path], None]] = {
    OURS: train_ours,
    f"{OURS}-medium": partial(train_ours, precision="medium"),
    f"{OURS}-compiled": partial(train_ours, compiled=True),
    f"{OURS}-medium-compiled": partial(train_ours, precision="medium", compiled=True),
    PEER: train_peer,
}


def save(evaluations: pd.DataFrame, output: Path) -> None:
    """Writes the file completely or not at all."""
    output.parent.mkdir(parents=True, exist_ok=True)
    unfinished = output.with_suffix(".part")
    evaluations[COLUMNS].to_csv(unfinished, index=False)
    os.replace(unfinished, output)


def read_runs() -> pd.DataFrame:
    """Mean return of each evaluation of each finished run: system, task, seed, step, return."""
    rows = []
    for path in sorted(RESULTS.glob("*/*/*.csv")):
        means = pd.read_csv(path).groupby("step")["return"].mean()
        system, task = path.parts[-3:-1]
        rows += [(system, task, int(path.stem), step, value) for step, value in means.items()]
    return pd.DataFrame(rows, columns=["system", "task", "seed", "step", "return"])


def table(runs: pd.DataFrame) -> pd.DataFrame:
    """One row per task, system and measure: the last evaluation, the mean of all evaluations."""
    rows = []
    for (task, system), of_system in runs.groupby(["task", "system"], sort=True):
        last = of_system[of_system["step"] == of_system["step"].max()].set_index("seed")["return"]
        over_all = of_system.groupby("seed")["return"].mean()
        for measure, values in (("last evaluation", last), ("mean of evaluations", over_all)):
            mean = t_interval(values)
            seeds = " ".join(f"{value:.0f}" for value in values)
            rows.append((task, measure, system, mean.n, mean.estimate, mean.low, mean.high, seeds))
    columns = ["task", "measure", "system", "seeds", "mean", "low", "high", "by seed"]
    return pd.DataFrame(rows, columns=columns).sort_values(["task", "measure", "system"]).round(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", default="HalfCheetah-v5,Hopper-v5")
    parser.add_argument("--seeds", default="100,101,102")
    parser.add_argument("--systems", default=f"{OURS},{PEER}")
    parser.add_argument("--steps", type=int, default=50_000)
    parser.add_argument("--interval", type=int, default=5_000, help="steps between evaluations")
    options = parser.parse_args()
    for seed in map(int, options.seeds.split(",")):
        for task in options.tasks.split(","):
            for system in options.systems.split(","):
                output = RESULTS / system / task / f"{seed}.csv"
                if not output.exists():
                    print(f"{system} on {task}, seed {seed}", file=sys.stderr)
                    TRAIN[system](task, seed, options.steps, options.interval, output)
    result = table(read_runs())
    result.to_csv(RESULTS.parent / "learning.csv", index=False)
    print(result.to_string(index=False))


if __name__ == "__main__":
    main()
