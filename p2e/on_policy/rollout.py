"""The steps of one policy, of every seed, until there are enough for an update."""

from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from p2e.batch import Transition, require_shape


class Steps(NamedTuple):
    """T consecutive steps of each seed."""

    observation: Float[Tensor, "S T O"]
    raw_action: Float[Tensor, "S T A"]  # as the policy sampled it, not clipped
    reward: Float[Tensor, "S T"]
    next_observation: Float[Tensor, "S T O"]  # what was reached, before any reset
    terminated: Bool[Tensor, "S T"]
    ended: Bool[Tensor, "S T"]  # terminated or truncated; unknown and False in the last step


class Rollout:
    """Room for the steps between two updates. The fields of a step lie side by side, so that
    keeping one is a single copy, also to a GPU.

    Args:
        seeds: S, the number of seeds.
        steps: T, as many as an update takes.
    """

    def __init__(
        self, seeds: int, steps: int, observations: int, actions: int, device: torch.device
    ) -> None:
        self.steps, self.count = steps, 0
        self._widths = [observations, actions, 1, observations, 1, 1]
        self._rows = torch.zeros(seeds, steps, sum(self._widths), device=device)

    @property
    def full(self) -> bool:
        return self.count == self.steps

    def add(self, transition: Transition, raw_action: Float[Tensor, "S A"]) -> None:
        """One more step of every seed.

        Raises:
            ValueError: when there is no room left.
        """
        if self.full:
            raise ValueError(f"the rollout holds {self.steps} steps already, expected an update")
        flags = torch.stack([transition.terminated, transition.first], dim=1).float()
        reward = transition.reward.unsqueeze(1)
        before, after = transition.observation, transition.next_observation
        action = raw_action.to(before.device)  # the loop's tensors are in the host's memory
        self._rows[:, self.count] = torch.cat([before, action, reward, after, flags], dim=1)
        self.count += 1

    def take(self) -> Steps:
        """All steps; after this there is room again. They are overwritten by the next ones.

        That a step was its episode's last is known from the next step, which is a first one. For
        the advantages it does not matter in the last step of a rollout, which has no next.
        """
        self.count = 0
        before, action, reward, after, terminated, first = self._rows.split(self._widths, dim=-1)
        first = first.squeeze(-1).bool()
        return Steps(
            observation=before,
            raw_action=action,
            reward=reward.squeeze(-1),
            next_observation=after,
            terminated=terminated.squeeze(-1).bool(),
            ended=torch.cat([first[:, 1:], torch.zeros_like(first[:, :1])], dim=1),
        )

    def state_dict(self) -> dict[str, Any]:
        return {"rows": self._rows, "count": self.count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        require_shape("saved rollout", state["rows"], tuple(self._rows.shape))
        self._rows.copy_(state["rows"])
        self.count = state["count"]
