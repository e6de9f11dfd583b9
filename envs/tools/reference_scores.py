"""Measures the scores of the known controllers: `python -m envs.tools.reference_scores [ids]`."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from envs.tools.controllers import CONTROLLERS, Controller
from envs.vector import VectorEnvironment, make_vector


@dataclass(frozen=True)
class Episode:
    """Undiscounted return, success, and the first rewarded step (counted from 1, None if none)."""

    total: float
    success: bool
    arrival: int | None


def play(environment: VectorEnvironment, controller: Controller) -> Episode:
    """One episode of a one-row environment, from a new start."""
    observation = environment.reset()
    rewards: list[float] = []
    while True:
        step = environment.step(controller(observation[0])[None].astype(np.float32))
        rewards.append(float(step.reward[0]))
        observation = step.observation
        if step.terminated[0] or step.truncated[0]:
            paid = [count for count, reward in enumerate(rewards, start=1) if reward > 0]
            return Episode(sum(rewards), bool(step.success[0]), paid[0] if paid else None)


def measure(
    environment_id: str, make: Callable[[], Controller], episodes: int, seed: int
) -> list[Episode]:
    """Runs whole episodes; deterministic for given arguments."""
    environment = make_vector(environment_id, [seed])
    played = [play(environment, make()) for _ in range(episodes)]
    environment.close()
    return played


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints one CSV row per task."""
    parser = argparse.ArgumentParser(
        prog="python -m envs.tools.reference_scores", description=__doc__
    )
    parser.add_argument("ids", nargs="*", help="environment ids (default: all with a controller)")
    parser.add_argument("--episodes", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    print("environment,episodes,mean_return,lowest_return,successes,mean_arrival")
    for environment_id in options.ids or CONTROLLERS:
        make = CONTROLLERS[environment_id]
        played = measure(environment_id, make, options.episodes, options.seed)
        totals = [episode.total for episode in played]
        arrivals = [episode.arrival for episode in played if episode.arrival is not None]
        print(
            f"{environment_id},{options.episodes},{np.mean(totals):.1f},{min(totals):.1f},"
            f"{sum(episode.success for episode in played)},"
            f"{np.mean(arrivals) if arrivals else float('nan'):.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
