"""Who acts: a policy on the features of the world model, and two policies in turn."""

from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from p2e.agent.soft_actor_critic import SoftActorCritic
from p2e.algorithm import Actions, Memories, Observations, Policy
from p2e.world.feature_extractor import FeatureExtractor


class LatentPolicy(Policy):
    """Acts on the features of the observation and of the world model's memory of the episode."""

    def __init__(self, agent: SoftActorCritic, features: FeatureExtractor) -> None:
        self._agent, self._model, self._features = agent, features.model, features
        self.memory_size = features.model.memory_size

    def act(self, observation: Observations, memory: Memories, deterministic: bool) -> Actions:
        features = self._features.of_observation(observation, memory)
        return self._agent.act(features, True) if deterministic else self._agent.explore(features)

    @torch.no_grad()
    def remember(self, observation: Observations, action: Actions, memory: Memories) -> Memories:
        return self._model.remember(self._model.encode(observation), action, memory)


class TakingTurns(Policy):
    """The explorer acts in most episodes, the task policy in a stated share of them.

    A policy that only acts inside a model exploits the model's errors, and neither is corrected.
    In episodes of its own its actions are tried in the environment, where the task policy goes.
    Until a reward above 0 was met the explorer acts in all episodes.

    Args:
        share: of the episodes after that, for the task policy; evenly spread, the explorer first.
        seeds: S, the number of seeds; each counts its own episodes.
    """

    def __init__(
        self, explorer: Policy, task: Policy, share: float, seeds: int, device: torch.device
    ) -> None:
        self._explorer, self._task, self._share = explorer, task, share
        self.memory_size = explorer.memory_size
        self._met = torch.zeros(seeds, dtype=torch.bool, device=device)
        self._begun = torch.zeros(seeds, dtype=torch.int64, device=device)

    @property
    def task_acts(self) -> Bool[Tensor, " S"]:
        """Whose turn it is: with a share of 0.5 that of the task policy in every second episode."""
        earlier = (self._begun - 1).clamp(min=0)
        return (self._begun * self._share).floor() > (earlier * self._share).floor()

    def step(self, first: Bool[Tensor, " S"], reward: Float[Tensor, " S"]) -> None:
        """Count the episodes, after an environment step. The first action of an episode is
        therefore still chosen by the policy of the episode before."""
        self._begun += first & self._met
        self._met |= reward > 0

    def act(self, observation: Observations, memory: Memories, deterministic: bool) -> Actions:
        """Both policies act, so that a seed's random numbers do not depend on the other seeds."""
        explorer = self._explorer.act(observation, memory, deterministic)
        if self._share == 0:
            return explorer
        task = self._task.act(observation, memory, deterministic)
        return torch.where(self.task_acts.view(-1, 1, 1), task, explorer)

    def remember(self, observation: Observations, action: Actions, memory: Memories) -> Memories:
        return self._explorer.remember(observation, action, memory)

    def state_dict(self) -> dict[str, Any]:
        return {"met": self._met, "begun": self._begun}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._met.copy_(state["met"])
        self._begun.copy_(state["begun"])
