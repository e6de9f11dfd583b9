"""Measures the score of the uniform random policy: `python -m envs.tools.random_scores [ids]`.

The registered `random_score` of each task is the mean that this program prints by default, and an
`idle_score` the mean that it prints with `--idle`: of actions that are all 0.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from envs.registry import task, task_ids
from envs.vector import make_vector


@dataclass(frozen=True)
class RandomScore:
    """Undiscounted returns and lengths of episodes (N,) of the uniform random policy."""

    returns: tuple[float, ...]
    lengths: tuple[int, ...]
    successes: int

    @property
    def mean(self) -> float:
        """Mean return."""
        return float(np.mean(self.returns))

    @property
    def standard_error(self) -> float:
        """Standard error of the mean return."""
        return float(np.std(self.returns, ddof=1) / np.sqrt(len(self.returns)))


def measure(environment_id: str, episodes: int, seed: int, idle: bool = False) -> RandomScore:
    """Runs whole episodes with actions uniform in [-1, 1], or all 0; deterministic for given
    arguments."""
    reach = 0.0 if idle else 1.0
    environment = make_vector(environment_id, [seed])
    generator = np.random.default_rng([seed, 1])
    environment.reset()
    returns: list[float] = []
    lengths: list[int] = []
    successes, total, length = 0, 0.0, 0
    while len(returns) < episodes:
        actions = generator.uniform(-reach, reach, size=(1, environment.action_size))
        step = environment.step(actions.astype(np.float32))
        total += float(step.reward[0])
        length += 1
        if step.terminated[0] or step.truncated[0]:
            returns.append(total)
            lengths.append(length)
            successes += int(step.success[0])
            total, length = 0.0, 0
    environment.close()
    return RandomScore(tuple(returns), tuple(lengths), successes)


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints one CSV row per task."""
    parser = argparse.ArgumentParser(prog="python -m envs.tools.random_scores", description=__doc__)
    parser.add_argument("ids", nargs="*", help="environment ids (default: all)")
    parser.add_argument("--episodes", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--idle", action="store_true", help="actions of 0 in place of random ones")
    options = parser.parse_args(arguments)
    tasks = [task(environment_id) for environment_id in options.ids or task_ids()]
    print("environment,episodes,mean_return,standard_error,mean_length,successes,registered")
    for known in tasks:
        score = measure(known.id, options.episodes, options.seed, options.idle)
        declared = known.idle_score if options.idle else known.random_score
        registered = "" if declared is None else f"{declared:g}"
        print(
            f"{known.id},{options.episodes},{score.mean:.3f},{score.standard_error:.3f},"
            f"{np.mean(score.lengths):.1f},{score.successes},{registered}",
            flush=True,
        )


if __name__ == "__main__":
    main()
