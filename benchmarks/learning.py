"""Compares the learning of our SAC, also in reduced precision, with Stable-Baselines3's, and that
of our TRPO with sb3-contrib's.

All systems have the same settings, tasks, seeds and evaluations. Finished runs are kept: rerun the
same command to train the missing ones. Writes one CSV per run, and a table of all runs.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

import gymnasium
import pandas as pd

from benchmarks.peer_environments import python_of
from reporting.inference.intervals import t_interval

RESULTS = Path(__file__).resolve().parent / "results"
Seeds = tuple[int, ...]
COLUMNS = ["step", "episode", "return", "length"]
OURS = "ours"

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


@dataclass(frozen=True)
class Comparison:
    """One algorithm, ours and a peer's.

    Args:
        settings: from a task to ours where they are not the default.
        warmup_steps: of ours. The peer's are in its worker.
        peer: the system that ours is compared with.
        steps, interval: environment steps of a run and between evaluations.
        name: of the folder of its runs and of its table, in results/.
        together: whether ours trains all seeds in one process.
    """

    settings: Callable[[str], dict[str, Any]]
    warmup_steps: int
    peer: str
    steps: int
    interval: int
    name: str
    together: bool


def trpo_settings(task: str) -> dict[str, Any]:
    """Those of sb3-contrib's TRPO with its defaults, max_kl 0.01 and damping 0.1.

    It means the divergence averaged over the action's dimensions. Ours is that of the whole action,
    their sum, as in the paper.
    """
    (dimensions,) = gymnasium.make(task).action_space.shape or ()
    return {"max_kl": 0.01 * dimensions, "damping": 0.1 * dimensions}


COMPARISONS = {
    "sac": Comparison(
        lambda task: {"agent": AGENT}, 1000, "stable-baselines3", 50_000, 5_000, "learning", False
    ),
    "trpo": Comparison(
        trpo_settings, 0, "sb3-contrib", 300_000, 10_000, "learning-trpo", together=True
    ),
}
# algorithm, task, seeds, steps, interval, folder in which there will be <seed>.csv of each
Train = Callable[[str, str, Seeds, int, int, Path], None]


def train_ours(
    algorithm: str,
    task: str,
    seeds: Seeds,
    steps: int,
    interval: int,
    output: Path,
    precision: str = "float32",
    compiled: bool = False,
) -> None:
    """Runs train.py; its state and run folder are in a folder that git ignores."""
    comparison = COMPARISONS[algorithm]
    training = {
        "warmup_steps": comparison.warmup_steps,
        "evaluation_interval": interval,
        "precision": precision,
        "compiled": compiled,
    }
    settings = comparison.settings(task)
    names = ",".join(map(str, seeds))
    folder = RESULTS / ".runs" / algorithm / output.parts[-2] / task / names
    command = [
        *(sys.executable, str(ROOT / "workflow" / "scripts" / "train.py")),
        *("--algorithm", algorithm, "--environment", task, "--seeds", names),
        *("--steps", str(steps), "--device", "cpu", "--output", str(folder)),
        *("--settings", json.dumps({"training": training, algorithm: settings})),
    ]
    subprocess.run(command, check=True)
    evaluations = pd.read_csv(folder / "evaluation.csv")
    evaluations = evaluations[evaluations["step"] > 0]  # ours also evaluates before it learns
    for seed in seeds:
        save(evaluations[evaluations["seed"] == seed], output / f"{seed}.csv")


def train_peer(
    algorithm: str, task: str, seeds: Seeds, steps: int, interval: int, output: Path
) -> None:
    """Runs Stable-Baselines3 or sb3-contrib in their own virtual environment."""
    script = Path(__file__).resolve().parent / "workers" / "learn_stable_baselines3.py"
    for seed in seeds:
        command = [
            *(str(python_of("sb3")), str(script), "--algorithm", algorithm),
            *("--task", task, "--seed", str(seed), "--steps", str(steps)),
            *("--interval", str(interval), "--output", str(output / f"{seed}.csv")),
        ]
        subprocess.run(command, check=True)


TRAIN: dict[str, Train] = {
    OURS: train_ours,
    f"{OURS}-medium": partial(train_ours, precision="medium"),
    f"{OURS}-compiled": partial(train_ours, compiled=True),
    f"{OURS}-medium-compiled": partial(train_ours, precision="medium", compiled=True),
    **{comparison.peer: train_peer for comparison in COMPARISONS.values()},
}


def save(evaluations: pd.DataFrame, output: Path) -> None:
    """Writes the file completely or not at all."""
    output.parent.mkdir(parents=True, exist_ok=True)
    unfinished = output.with_suffix(".part")
    evaluations[COLUMNS].to_csv(unfinished, index=False)
    os.replace(unfinished, output)


def read_runs(folder: Path) -> pd.DataFrame:
    """Mean return of each evaluation of each finished run: system, task, seed, step, return."""
    rows = []
    for path in sorted(folder.glob("*/*/*.csv")):
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
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--algorithm", choices=list(COMPARISONS), default="sac")
    parser.add_argument("--tasks", default="HalfCheetah-v5,Hopper-v5")
    parser.add_argument("--seeds", default="100,101,102")
    parser.add_argument("--systems", help="by default ours and the peer")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--interval", type=int, help="steps between evaluations")
    options = parser.parse_args()
    comparison = COMPARISONS[options.algorithm]
    systems = (options.systems or f"{OURS},{comparison.peer}").split(",")
    steps, interval = options.steps or comparison.steps, options.interval or comparison.interval
    folder = RESULTS / comparison.name
    seeds = tuple(map(int, options.seeds.split(",")))
    for first in seeds:  # of all tasks and systems one seed before the next
        for task in options.tasks.split(","):
            for system in systems:
                output = folder / system / task
                together = comparison.together and system.startswith(OURS)
                wanted = seeds if together else (first,)
                missing = tuple(one for one in wanted if not (output / f"{one}.csv").exists())
                if missing:
                    print(f"{system} on {task}, seeds {missing}", file=sys.stderr)
                    TRAIN[system](options.algorithm, task, missing, steps, interval, output)
    result = table(read_runs(folder))
    result.to_csv(folder.with_suffix(".csv"), index=False)
    print(result.to_string(index=False))


if __name__ == "__main__":
    main()
