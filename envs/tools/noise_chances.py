"""How hard is a task to explore? `python -m envs.tools.noise_chances [ids]` measures it.

Noise of three colours acts in each task that has a success condition, for as many steps as the core
suite gives the algorithms. It depends on no observation and learns nothing.
The rows of the measured tasks are renewed in envs/assets/noise_chances.csv.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from envs.registry import task, task_ids
from envs.simulation.control_suite import NAMESPACE
from envs.tools.action_noise import EXPONENTS, noise_actions
from envs.tools.noise_table import TABLE, NoiseChance, read_table, write_table
from envs.vector import VectorEnvironment, make_vector

PARAMETERS = Path(__file__).parents[2] / "params.yaml"
# Decisions, for tasks that are not in the core suite. Those of dm_control take ten times as long.
OTHER_BUDGET, CONTROL_SUITE_BUDGET = 20_000, 5_000
SEEDS = 10

Sequences = Callable[[], NDArray[np.float32]]  # draws the actions (horizon, A) of one episode


@dataclass(frozen=True)
class NoiseRun:
    """Episodes that ended, how many of them succeeded, and the step of the first success."""

    episodes: int
    successes: int
    first_step: int | None


def play(environment: VectorEnvironment, budget: int, draw: Sequences) -> NoiseRun:
    """Plays a one-row environment for `budget` steps, with a new sequence for each episode."""
    environment.reset()
    actions, moment = draw(), 0
    episodes, successes, first = 0, 0, None
    for count in range(1, budget + 1):
        step = environment.step(actions[moment][None])
        moment += 1
        if step.success[0] and first is None:
            first = count
        if step.terminated[0] or step.truncated[0]:
            episodes += 1
            successes += int(step.success[0])
            actions, moment = draw(), 0
    return NoiseRun(episodes, successes, first)


def run(environment_id: str, noise: str, budget: int, seed: int) -> NoiseRun:
    """One noise seed; deterministic for given arguments."""
    environment = make_vector(environment_id, [seed])
    exponent = EXPONENTS[noise]
    generator = np.random.default_rng([seed, list(EXPONENTS).index(noise)])
    size = environment.action_size

    def draw() -> NDArray[np.float32]:
        return noise_actions(exponent, environment.horizon, size, generator)

    played = play(environment, budget, draw)
    environment.close()
    return played


def measure(environment_id: str, noise: str, budget: int, seeds: int) -> NoiseChance:
    """The chance of one task and colour, with the noise seeds 0 to seeds - 1."""
    runs = [run(environment_id, noise, budget, seed) for seed in range(seeds)]
    firsts = [np.inf if played.first_step is None else played.first_step for played in runs]
    median = float(np.median(firsts))
    return NoiseChance(
        environment=environment_id,
        noise=noise,
        budget=budget,
        seeds=seeds,
        seeds_met=int(np.isfinite(firsts).sum()),
        episodes=sum(played.episodes for played in runs),
        successes=sum(played.successes for played in runs),
        median_first_step=median if np.isfinite(median) else None,
    )


def core_budgets(parameters: Path = PARAMETERS) -> dict[str, int]:
    """The environment steps that the core suite gives to each of its tasks."""
    suite = yaml.safe_load(parameters.read_text(encoding="utf-8"))
    return {entry["environment"]: int(entry["steps"]) for entry in suite["tasks"]}


def budget_of(environment_id: str, budgets: Mapping[str, int]) -> int:
    """The decisions that a noise seed makes; `budgets` are those of the core suite."""
    other = CONTROL_SUITE_BUDGET if environment_id.startswith(NAMESPACE) else OTHER_BUDGET
    return budgets.get(environment_id, other)


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints one row per task and colour, and renews these rows in the table."""
    parser = argparse.ArgumentParser(prog="python -m envs.tools.noise_chances", description=__doc__)
    parser.add_argument("ids", nargs="*", help="environment ids (default: all)")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="number of noise seeds")
    parser.add_argument(
        "--steps",
        type=int,
        help=f"decisions a seed (default: the core suite's, for dm_control {CONTROL_SUITE_BUDGET}, "
        f"else {OTHER_BUDGET})",
    )
    parser.add_argument("--table", type=Path, default=TABLE)
    options = parser.parse_args(arguments)
    budgets = core_budgets()
    rows = read_table(options.table) if options.table.exists() else {}
    for known in map(task, options.ids or task_ids()):
        if known.success is None:
            print(f"{known.id}: no success condition", flush=True)
            continue
        budget = options.steps or budget_of(known.id, budgets)
        for noise in EXPONENTS:
            found = measure(known.id, noise, budget, options.seeds)
            rows[known.id, noise] = found
            low, high = found.interval
            print(
                f"{known.id}, {noise}: met by {found.seeds_met} of {found.seeds} seeds "
                f"({low:.2f} to {high:.2f}) within {budget} steps, in {found.successes} of "
                f"{found.episodes} episodes; median first step {found.median_first_step}",
                flush=True,
            )
        ordered = sorted(rows, key=lambda key: (key[0], list(EXPONENTS).index(key[1])))
        write_table([rows[key] for key in ordered], options.table)


if __name__ == "__main__":
    main()
