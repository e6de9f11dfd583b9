"""What a rollout is worth for its bonus (Burda et al. 2019, arXiv:1810.12894, section 2.3)."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.algorithm import Stateful, load_state_of, state_of
from p2e.batch import Transition, TransitionBatch
from p2e.curiosity.bonus import BATCH, Bonus
from p2e.metrics import Metrics
from p2e.on_policy.advantages import advantages
from p2e.on_policy.rollout import Steps
from p2e.on_policy.value_function import ValueFunction
from p2e.replay.buffers import RowBuffer, real_fields, transition_row


class IntrinsicReturns:
    """Bonuses of a rollout, and their own value function. Their return goes on across episodes: the
    end of an episode is no reason not to find something new, and costs nothing.

    Args:
        rows: of a rollout, from which the bonus learns once they were paid for.
        decay: lambda of the advantages.
    """

    def __init__(
        self, bonus: Bonus, value: ValueFunction, rows: RowBuffer, discount: float, decay: float
    ) -> None:
        self.bonus, self.value, self.rows = bonus, value, rows
        self._discount, self._decay = discount, decay

    def store(self, transition: Transition) -> None:
        """Keep a step of the rollout."""
        self.rows.add(transition_row(transition))
        self.bonus.see(transition)

    def advantages(
        self, steps: Steps, action: Float[Tensor, "S T A"], seen: Float[Tensor, "S T O"]
    ) -> tuple[Float[Tensor, "S T"], Float[Tensor, "S T"]]:
        """Advantages of the bonus, and the returns for the value function. In the first rollout
        everything is new, and no bonus is paid.

        Args:
            action: as the environment took it.
            seen: the observations as the networks see them.
        """
        reward = torch.zeros_like(steps.reward)
        if self.bonus.updates.value > 0:
            between = steps.observation, action, reward, steps.next_observation, reward
            reward = self.bonus.reward(TransitionBatch(*between))
        value, goes_on = self.value(seen), torch.zeros_like(steps.ended)
        # After the end of an episode comes the first observation of the next.
        following = torch.cat([value[:, 1:], value[:, -1:]], dim=1)
        discounts = self._discount, self._decay
        advantage = advantages(reward, value, following, goes_on, goes_on, *discounts)
        return advantage, advantage + value

    def fit(
        self, seen: Float[Tensor, "S T O"], target: Float[Tensor, "S T"], epochs: int, size: int
    ) -> Metrics:
        """Fit the value function, and let the bonus learn from the rollout, both as many epochs."""
        metrics: Metrics = {"intrinsic_value_loss": self.value.fit(seen, target, epochs, size)}
        with torch.enable_grad():
            for _ in range(max(1, epochs * self.rows.size // BATCH)):
                learned = self.bonus.learn_from(self.rows)
        return metrics | learned

    def _parts(self) -> dict[str, Stateful]:
        return {"bonus": self.bonus, "value": self.value, "rows": self.rows}

    def state_dict(self) -> dict[str, Any]:
        return state_of(self._parts())

    def load_state_dict(self, state: dict[str, Any]) -> None:
        load_state_of(self._parts(), state)


def rollout_rows(seeds: int, steps: int, sizes: tuple[int, int], device: torch.device) -> RowBuffer:
    """Room for the rows of one rollout; sizes of observation and action."""
    return RowBuffer(seeds, steps, real_fields(*sizes), device)
