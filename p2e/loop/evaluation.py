"""Evaluation: whole episodes of the deterministic task policy, in environments of their own."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch

from p2e.algorithm import Policy
from p2e.loop.environment import FloatArray, VectorEnvironment
from p2e.nn.generators import derived_seed

# Observation, action, memory before it and next observation of all rows, each (S, K, features).
Watch = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor], None]


class EpisodeResult(NamedTuple):
    """One evaluation episode."""

    seed: int
    episode: int
    episode_return: float  # undiscounted sum of the task's own rewards
    length: int
    success: bool

    def row(self) -> dict[str, int | float]:
        """The columns of evaluation.csv that the episode itself determines."""
        return {
            "seed": self.seed,
            "episode": self.episode,
            "return": self.episode_return,
            "length": self.length,
            "success": int(self.success),
        }


def evaluate(
    policy: Policy,
    environment: VectorEnvironment,
    seeds: Sequence[int],
    episodes: int,
    stream: str,
    device: torch.device,
    watch: Watch | None = None,
) -> list[EpisodeResult]:
    """Run `episodes` episodes of each seed side by side, deterministically.

    Args:
        environment: one with len(seeds) * episodes rows, used by nobody else.
        stream: names the start states: the same name gives the same episodes.
        watch: is shown every step, also those of rows that have finished.
    """
    rows = len(seeds) * episodes

    def as_tensor(array: FloatArray) -> torch.Tensor:
        # A copy: environments may use their arrays again in the next step.
        return torch.from_numpy(array).clone().to(device).view(len(seeds), episodes, -1)

    starts = [derived_seed(seed, f"{stream} {i}") for seed in seeds for i in range(episodes)]
    observation = as_tensor(environment.reset(starts))
    memory = torch.zeros(len(seeds), episodes, policy.memory_size, device=device)
    returns, lengths = np.zeros(rows), np.zeros(rows, dtype=np.int64)
    success, done = np.zeros(rows, dtype=bool), np.zeros(rows, dtype=bool)
    while not done.all():
        action = policy.act(observation, memory, deterministic=True)
        step = environment.step(action.flatten(0, 1).cpu().numpy())
        if watch is not None:
            watch(observation, action, memory, as_tensor(step.next_observation))
        memory = policy.remember(observation, action, memory)
        running = ~done  # a finished row goes on by itself, and is not looked at any more
        returns[running] += step.reward[running]
        lengths[running] += 1
        success[running] = step.success[running]
        done |= step.terminated | step.truncated
        observation = as_tensor(step.observation)
    return [
        EpisodeResult(seed, i, float(returns[row]), int(lengths[row]), bool(success[row]))
        for row, (seed, i) in enumerate((s, i) for s in seeds for i in range(episodes))
    ]
