"""Print a digest of what short trainings write, to show that a change left every number as it was.

    python tests/acceptance/digests.py > before.txt
    ... move or rename ...
    python tests/acceptance/digests.py > after.txt && diff before.txt after.txt

Each line is a training, with one SHA-256 of its tables and policy, and one of its resumable
state. The digests do not depend on the names under which a state keeps its parts, nor on times and
code hashes: they survive moving code and renaming components, and change with the last bit of any
weight, random stream, replayed row, statistic or score. They are comparable on one machine only.
"""

import argparse
import csv
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

STEPS = 300
TRAINING = {
    "warmup_steps": 120,
    "evaluation_interval": 100,
    "evaluation_episodes": 2,
    "log_interval": 50,
}
AGENT = {"hidden": [32, 32], "batch_size": 32, "initial_alpha": 0.1, "min_alpha": 0.01}
MBPO = {
    "agent": AGENT,
    "dynamics": {"hidden": [32, 32], "max_updates": 60},
    "rollout": {"end_length": 3, "end_step": 300},
    "model_interval": 60,
    "rollouts_per_step": 4,
    "updates_per_step": 2,
}
WORLD = {
    "latent_size": 8,
    "memory_size": 8,
    "hidden": [32, 32],
    "sequences": 8,
    "sequence_length": 4,
}
PLAN2EXPLORE = {
    "agent": AGENT,
    "world": WORLD,
    "pretraining_updates": 20,
    "update_interval": 2,
    "agent_updates": 2,
    "final_learning_rate": 0.3,
    "task_share": 0.5,
    "horizon": 4,
    "multi_step": 3,
    "imagined_starts": 16,
}
TRPO = {
    "hidden": [32, 32],
    "steps_per_update": 64,
    "value_batch_size": 32,
    "normalised_observations": True,
}
REWARD_FREE = PLAN2EXPLORE | {"adaptation_updates": 30}

# name -> algorithm, environment, settings of the algorithm. PyTorch's operators compute the
# networks, but for the cases whose names end in "compiled".
CASES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "sac": ("sac", "Pendulum-v1", {"agent": AGENT}),
    "sac compiled": ("sac", "Pendulum-v1", {"agent": AGENT}),
    "mbpo": ("mbpo", "InvertedPendulum-v5", MBPO),
    "mbpo compiled": ("mbpo", "InvertedPendulum-v5", MBPO),
    "trpo": ("trpo", "InvertedPendulum-v5", TRPO),
    "trpo compiled": ("trpo", "InvertedPendulum-v5", TRPO),
    "plan2explore joint": ("plan2explore", "InvertedPendulum-v5", PLAN2EXPLORE),
    "plan2explore joint compiled": ("plan2explore", "InvertedPendulum-v5", PLAN2EXPLORE),
    "plan2explore joint, dense": ("plan2explore", "Pendulum-v1", PLAN2EXPLORE),
    "plan2explore joint, ablated": (
        "plan2explore",
        "InvertedPendulum-v5",
        PLAN2EXPLORE | {"real_share": 1.0, "exploration": {"bonus": "observation-disagreement"}},
    ),
    "plan2explore explore": (
        "plan2explore",
        "InvertedPendulum-v5",
        PLAN2EXPLORE | {"mode": "explore"},
    ),
    "plan2explore zero-shot": (
        "plan2explore",
        "InvertedPendulum-v5",
        REWARD_FREE | {"mode": "zero-shot"},
    ),
    "plan2explore few-shot": (
        "plan2explore",
        "InvertedPendulum-v5",
        REWARD_FREE | {"mode": "few-shot"},
    ),
}


def leaves(value: Any) -> Iterator[bytes]:
    """The digest of every number, text and tensor in nested dictionaries and lists."""
    if isinstance(value, dict):
        for name, part in value.items():
            if name == "tables":
                part = without_seconds(json.loads(part))
            if name not in ("seconds", "part_seconds"):
                yield from leaves(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from leaves(part)
    elif isinstance(value, torch.Tensor):
        described = f"{value.dtype} {tuple(value.shape)}".encode()
        yield hashlib.sha256(described + value.contiguous().numpy().tobytes()).digest()
    else:
        yield hashlib.sha256(repr(value).encode()).digest()


def without_seconds(tables: dict[str, list[dict[str, Any]]]) -> dict[str, list[str]]:
    """The recorder's rows without their times."""
    return {
        name: [str(sorted((k, v) for k, v in row.items() if k != "seconds")) for row in rows]
        for name, rows in tables.items()
    }


def digest_of(parts: Iterator[bytes]) -> str:
    """One digest of all, independent of their order."""
    return hashlib.sha256(b"".join(sorted(parts))).hexdigest()


def output_leaves(run: Path) -> Iterator[bytes]:
    """The digests of the tables, counts and policy that a training wrote."""
    for table in sorted(run.glob("*.csv")):
        with table.open(newline="") as file:
            for row in csv.DictReader(file):
                kept = {name: value for name, value in row.items() if name != "seconds"}
                yield hashlib.sha256(f"{table.name} {sorted(kept.items())}".encode()).digest()
    with np.load(run / "coverage.npz") as arrays:
        for name in sorted(arrays.files):
            yield hashlib.sha256(name.encode() + arrays[name].tobytes()).digest()
    yield from leaves(load_file(run / "policy.safetensors"))


def train(case: str, seeds: str, folder: Path) -> str:
    """Train one case; returns its line of the output."""
    from p2e.storage.checkpoint import load_checked

    algorithm, environment, config = CASES[case]
    run = folder / f"{case} {seeds}".replace(" ", "-").replace(",", "-")
    training = TRAINING | {"compiled": case.endswith(" compiled")}
    settings = json.dumps({"training": training, algorithm: config})
    command = [sys.executable, str(ROOT / "workflow/scripts/train.py"), "--device", "cpu"]
    command += ["--algorithm", algorithm, "--environment", environment, "--seeds", seeds]
    command += ["--steps", str(STEPS), "--output", str(run), "--settings", settings]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    if done.returncode != 0:
        return f"{case}, seeds {seeds}: FAILED: {done.stderr.strip().splitlines()[-1]}"
    state = load_checked(run.with_name(run.name + ".state") / "state.pt")["loop"]
    parts = {"outputs": digest_of(output_leaves(run)), "state": digest_of(leaves(state))}
    return f"{case}, seeds {seeds}: " + ", ".join(f"{k} {v[:32]}" for k, v in parts.items())


def main() -> None:
    """Train every case with one seed and with two, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", help=f"of {', '.join(CASES)}; all where none is named")
    options = parser.parse_args()
    jobs = [(case, seeds) for case in options.cases or CASES for seeds in ("100", "100,101")]
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        for line in pool.map(lambda job: train(job[0], job[1], Path(folder)), jobs):
            print(line, flush=True)


if __name__ == "__main__":
    main()
