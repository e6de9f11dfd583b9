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
    """Room for the steps between two updates.

    Args:
        seeds: S, the number of seeds.
        steps: T, as many as an update takes.
    """

    def __init__(
        self, seeds: int, steps: int, observations: int, actions: int, device: torch.device
    ) -> None:
        self.steps, self.count = steps, 0
        shapes = {
            "observation": (observations,),
            "raw_action": (actions,),
            "reward": (),
            "next_observation": (observations,),
            "terminated": (),
            "first": (),
        }
        flags = ("terminated", "first")
        self._rows = {
            name: torch.zeros(
                (seeds, steps, *shape),
                dtype=torch.bool if name in flags else torch.float32,
                device=device,
            )
            for name, shape in shapes.items()
        }

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
        for name, rows in self._rows.items():
            rows[:, self.count] = (
                raw_action if name == "raw_action" else getattr(transition, name).to(rows.device)
            )
        self.count += 1

    def take(self) -> Steps:
        """All steps; after this there is room again. They are overwritten by the next ones.

        That a step was its episode's last is known from the next step, which is a first one. For
        the advantages it does not matter in the last step of a rollout, which has no next.
        """
        first = self._rows["first"]
        ended = torch.cat([first[:, 1:], torch.zeros_like(first[:, :1])], dim=1)
        self.count = 0
        fields = {name: rows for name, rows in self._rows.items() if name != "first"}
        return Steps(ended=ended, **fields)

    def state_dict(self) -> dict[str, Any]:
        return {"rows": self._rows, "count": self.count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for name, rows in self._rows.items():
            require_shape(f"saved rollout '{name}'", state["rows"][name], tuple(rows.shape))
            rows.copy_(state["rows"][name])
        self.count = state["count"]
