"""SAC solves Pendulum-v1, run by its program as a user would."""

import csv
import json
import subprocess
import sys
from pathlib import Path

from tests.helpers.paths import ROOT

SEEDS = (100, 101)  # not one of the published seeds
STEPS = 5000  # solved is above -250 by 10,000; a random policy gets -1237

SETTINGS = {
    "training": {"warmup_steps": 500, "evaluation_interval": 2500, "evaluation_episodes": 10},
    "sac": {"agent": {"hidden": [128, 128], "batch_size": 128, "learning_rate": 1e-3}},
}


def test_pendulum_is_solved_on_both_seeds(tmp_path: Path) -> None:
    command = [
        *(sys.executable, str(ROOT / "workflow" / "scripts" / "train.py")),
        *("--algorithm", "sac", "--environment", "Pendulum-v1", "--device", "cpu"),
        *("--seeds", ",".join(map(str, SEEDS)), "--steps", str(STEPS)),
        *("--settings", json.dumps(SETTINGS), "--output", str(tmp_path / "run")),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    with (tmp_path / "run" / "evaluation.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if int(row["step"]) == STEPS]
    for seed in SEEDS:
        returns = [float(row["return"]) for row in rows if int(row["seed"]) == seed]
        assert len(returns) == 10
        assert sum(returns) / len(returns) > -250, (seed, returns)
