"""A random search of a rival's settings, declared before it runs.

Without --summary it writes the search as a suite: the algorithm as it is published, and so many
settings drawn from the space below, on three tasks and two seeds. Snakemake runs it like any other
suite. With --summary it writes the table of the finished search, best first.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

from reporting.per_task.normalisation import normalised
from reporting.per_task.scores import seed_scores
from reporting.tables.summary import Summary, read_summary
from reporting.tables.task_facts import task_facts
from runs.settings.differences import flat
from runs.settings.overlay import nested, overlay

# Where Plan2Explore wins and noise alone meets the reward at times, so that settings matter.
# The other tasks of the core suite are not searched on.
TASKS = {"p2e/PointMaze-v0": 8000, "p2e/SparseReacher-v0": 8000, "MountainCarContinuous-v0": 8000}
SEEDS = {"first": 100, "count": 2, "group_size": 2}
# Only the final score counts: the evaluations on the way may be few.
TRAINING = {"evaluation_interval": 4000, "evaluation_episodes": 5}

# What Plan2Explore's agents have is here: returns of several steps, windows around rare rewards,
# normalised observations, a falling learning rate, a floor under alpha, fast target networks.
SHARED: dict[str, tuple[Any, ...]] = {
    "exploration.noise": ("white", "pink", "red"),
    "exploration.bonus": ("none", "disagreement", "rnd", "novelty"),
    "exploration.weight": (0.1, 0.3, 1.0),
    "real_rows.multi_step": (1, 3, 5),
    "real_rows.rare_share": (0.0, 0.25),
    "normalised_observations": (False, True),
    "final_learning_rate": (1.0, 0.3),
    "agent.learning_rate": (3e-4, 1e-3),
    "agent.target_rate": (0.005, 0.02, 0.05),
    "agent.min_alpha": (0.0, 0.01),
}
SPACES = {
    "sac": SHARED | {"updates_per_step": (1, 2)},
    "mbpo": SHARED | {"real_share": (0.05, 0.25, 0.5)},
}


def drawn_settings(algorithm: str, trials: int, seed: int) -> list[dict[str, Any]]:
    """Draws from an algorithm's space, setting -> value: with each setting alone in random order,
    and all its values equally often, or once more or less (a Latin hypercube)."""
    random, columns = np.random.default_rng(seed), []
    for values in SPACES[algorithm].values():
        turns = [random.permutation(len(values)) for _ in range(-(-trials // len(values)))]
        places = random.permutation(np.concatenate(turns)[:trials])
        columns.append([values[place] for place in places])
    return [dict(zip(SPACES[algorithm], row, strict=True)) for row in zip(*columns, strict=True)]


def sections_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    """{"a.b": 1} as {"a": {"b": 1}}."""
    sections: dict[str, Any] = {}
    for name, value in settings.items():
        sections = overlay(sections, nested(name.split("."), value))
    return sections


def suite_of(algorithm: str, draws: list[dict[str, Any]]) -> dict[str, Any]:
    """The search as a suite; the first case is the algorithm as it is published."""
    names = [f"{algorithm}-trial-{number:02d}" for number in range(1, len(draws) + 1)]
    return {
        "suite": f"search-{algorithm}",
        "question": f"Which settings of {algorithm.upper()} score highest on tuning seeds?",
        "algorithms": [algorithm, *names],
        "variants": {name: sections_of(draw) for name, draw in zip(names, draws, strict=True)},
        "seeds": SEEDS,
        "tasks": [{"environment": task, "steps": steps} for task, steps in TASKS.items()],
        "training": TRAINING,
    }


def table(summary: Summary) -> pd.DataFrame:
    """One row a case, the best first: its normalised score over tasks, that of each task by seed,
    and what it changes."""
    variants = summary.suite.get("variants", {})
    rows = []
    for case in summary.algorithms:
        by_task, means = {}, []
        for task in summary.environments:
            facts = task_facts(task, summary.facts_of_suite(task))
            scores = normalised(seed_scores(summary, task, case).final, facts)
            by_task[facts.name] = " ".join(f"{score:.2f}" for score in scores)
            means.append(scores.mean() if len(scores) else np.nan)
        measured = {"case": case, **by_task, "score": float(np.mean(means))}
        rows.append(measured | flat(variants.get(case, {})))
    return pd.DataFrame(rows).sort_values("score", ascending=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--algorithm", choices=list(SPACES), required=True)
    parser.add_argument("--trials", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0, help="of the draws")
    parser.add_argument("--summary", type=Path, help="results/search-<algorithm>/summary")
    options = parser.parse_args()
    if options.summary:
        found = table(read_summary(options.summary))
        found.to_csv(sys.stdout, index=False, float_format="%.4g")
        return
    suite = suite_of(
        options.algorithm, drawn_settings(options.algorithm, options.trials, options.seed)
    )
    print(f"# Written by `python benchmarks/random_search.py --algorithm {options.algorithm}`.")
    print(yaml.safe_dump(suite, sort_keys=False, width=100, default_flow_style=None), end="")


if __name__ == "__main__":
    main()
