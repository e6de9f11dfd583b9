"""The episodes of a run's final evaluation, with the actions that repeat them one by one."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from envs import Task, VectorEnvironment, make_vector
from envs.simulation.make import Simulator
from p2e.loop.evaluation import EpisodeResult
from p2e.nn.generators import derived_seed
from runs.settings.run_settings import RunSettings
from runs.trained_policy import FINAL_EPISODES, evaluate_policy


@dataclass(frozen=True)
class FinalEpisode:
    """One episode: its score, its actions (T, A) in [-1, 1], its observations (T + 1, O)."""

    result: EpisodeResult
    actions: NDArray[np.float32]
    observations: NDArray[np.float32]

    def repeat(self, task: Task, simulator: Simulator) -> Iterator[int]:
        """Take the same actions from the same start; yields the step's number before each."""
        environment = VectorEnvironment(task, [simulator], [self._start])
        environment.reset()
        for step, action in enumerate(self.actions):
            yield step
            environment.step(action[np.newaxis])

    def returns(self, task: Task) -> NDArray[np.float64]:
        """The sum of the rewards (T + 1,) before each observation."""
        environment = make_vector(task, [self._start])
        environment.reset()
        rewards = [environment.step(action[np.newaxis]).reward[0] for action in self.actions]
        return np.cumsum([0.0, *rewards])

    @property
    def _start(self) -> int:
        return derived_seed(self.result.seed, f"{FINAL_EPISODES} {self.result.episode}")


def final_episodes(
    policy: Path, settings: RunSettings, episodes: int, device: torch.device
) -> list[FinalEpisode]:
    """The first `episodes` episodes of each seed, in the order of evaluate_policy.

    They are run side by side, as the evaluation does: the last digits of a policy's actions
    depend on how many rows are computed together.
    """
    seen: list[tuple[NDArray[np.float32], ...]] = []

    def record(
        observation: torch.Tensor,
        action: torch.Tensor,
        memory: torch.Tensor,
        next_observation: torch.Tensor,
    ) -> None:
        parts = (action, observation, next_observation)
        seen.append(tuple(part.flatten(0, 1).cpu().numpy() for part in parts))

    results = evaluate_policy(policy, settings, episodes, device, record)
    actions, before, after = (np.stack(part) for part in zip(*seen, strict=True))
    return [
        FinalEpisode(
            result,
            actions[: result.length, row],
            np.concatenate([before[: result.length, row], after[result.length - 1, row][None]]),
        )
        for row, result in enumerate(results)
    ]
