"""Training data of the synthetic runs for the report's tests: losses, models, coverage."""

import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from runs.files import COLUMNS
from suites.variants import base_algorithm

ALGORITHMS = ("sac", "mbpo", "plan2explore")
BINS = 24


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table with its header."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_losses(folder: Path, run: dict[str, Any], generator: np.random.Generator) -> None:
    metrics = ["actor_loss", "critic_loss", "alpha", "q_value"]
    further = {"mbpo": ["holdout_loss"]}
    further["plan2explore"] = ["world_loss", "disagreement", "intrinsic_reward"]
    metrics += further.get(base_algorithm(run["algorithm"]), [])
    rows = []
    for seed in run["seeds"]:
        for step in range(100, run["steps"] + 1, 100):
            decay = 0.1 + np.exp(-3 * step / run["steps"])
            values = [decay * np.exp(0.1 * generator.standard_normal()) for _ in metrics]
            rows.append((seed, step, *(values if step > 100 else [""] * len(values))))
    write_csv(folder / "losses.csv", ("seed", "step", *metrics), rows)


def write_model_tables(
    folder: Path, run: dict[str, Any], steps: np.ndarray, generator: np.random.Generator
) -> None:
    """Errors that grow with the horizon and shrink over the steps; no rows without a model."""
    errors, predictions = [], []
    for seed in run["seeds"] if run["algorithm"] != "sac" else []:
        for step in steps[1:]:
            level = (0.1 + np.exp(-3 * step / steps[-1])) * np.exp(
                0.1 * generator.standard_normal()
            )
            for horizon in (1, 2, 5, 10, 20):
                errors.append((seed, step, horizon, level * horizon**0.5 / 2, horizon**0.5 / 3))
        for segment in range(2):
            for feature in range(4):
                truth = np.cumsum(generator.standard_normal(21))
                off = np.cumsum([0.0, *0.2 * generator.standard_normal(20)])
                predictions += [
                    (seed, steps[-1], segment, time, feature, truth[time], truth[time] + off[time])
                    for time in range(21)
                ]
    write_csv(folder / "open_loop.csv", COLUMNS["open_loop"], errors)
    write_csv(folder / "predictions.csv", COLUMNS["predictions"], predictions)


def write_coverage(
    folder: Path,
    run: dict[str, Any],
    steps: np.ndarray,
    generator: np.random.Generator,
    bins: int = BINS,
) -> None:
    """Visits around a point; with 0 bins the file of a task that has no projection."""
    spread = 1.5 + 3.0 * ALGORITHMS.index(base_algorithm(run["algorithm"]))
    counts = np.zeros((len(steps), len(run["seeds"]), bins, bins), dtype=np.int32)
    for place in range(len(run["seeds"]) if bins else 0):
        visits = generator.normal((6.0, 12.0), spread, (int(steps[-1]), 2))
        cells = np.clip(visits, 0, bins - 1).astype(int)
        for point, step in enumerate(steps):
            np.add.at(counts[point, place], tuple(cells[:step].T), 1)
    np.savez_compressed(
        folder / "coverage.npz",
        counts=counts,
        steps=steps.astype(np.int64),
        seeds=np.array(run["seeds"], dtype=np.int64),
    )


def trained_earlier(runs: str) -> str:
    """The text of runs.csv as if its runs had been trained at another time.

    Only the hash of the file with the wall-clock times differs.
    """
    earlier = re.sub(r'(""training.csv"": "")\w', r"\1x", runs)
    assert earlier != runs
    return earlier
