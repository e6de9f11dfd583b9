"""What a rollout is worth for its bonus (Burda et al. 2019, arXiv:1810.12894, section 2.3)."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.algorithm import Stateful, load_state_of, state_of
from p2e.batch import TransitionBatch
from p2e.curiosity.bonus import BATCH, Bonus
from p2e.metrics import Metrics
from p2e.on_policy.advantages import advantages
from p2e.on_policy.rollout import Steps
from p2e.on_policy.value_function import ValueFunction
from p2e.replay.buffers import buffer_of


class IntrinsicReturns:
    """Bonuses of a rollout, and their own value function. Their return goes on across episodes: the
    end of an episode is no reason not to find something new, and costs nothing.

    Args:
        discount: by this factor a bonus counts less for each step that it is later.
        decay: lambda of the advantages.
    """

    def __init__(self, bonus: Bonus, value: ValueFunction, discount: float, decay: float) -> None:
        self.bonus, self.value = bonus, value
        self._discount, self._decay = discount, decay

    def advantages(
        self, rows: TransitionBatch, seen: Float[Tensor, "S T O"]
    ) -> tuple[Float[Tensor, "S T"], Float[Tensor, "S T"]]:
        """Advantages of the bonus, and the returns for the value function. In the first rollout
        everything is new, and no bonus is paid.

        Args:
            rows: T consecutive steps.
            seen: their observations as the networks see them.
        """
        nothing = torch.zeros_like(rows.reward)
        reward = self.bonus.reward(rows) if self.bonus.updates.value > 0 else nothing
        value, goes_on = self.value(seen), nothing.bool()
        # After the end of an episode comes the first observation of the next.
        following = torch.cat([value[:, 1:], value[:, -1:]], dim=1)
        discounts = self._discount, self._decay
        advantage = advantages(reward, value, following, goes_on, goes_on, *discounts)
        return advantage, advantage + value

    def fit(
        self,
        rows: TransitionBatch,
        seen: Float[Tensor, "S T O"],
        target: Float[Tensor, "S T"],
        epochs: int,
        size: int,
    ) -> Metrics:
        """Fit the value function, and let the bonus learn from the rollout, both as many epochs.

        Args:
            size: steps of an update of the value function.
        """
        metrics: Metrics = {"intrinsic_value_loss": self.value.fit(seen, target, epochs, size)}
        self.bonus.see(rows)
        replay = buffer_of(rows)
        with torch.enable_grad():
            for _ in range(max(1, epochs * replay.size // BATCH)):
                learned = self.bonus.learn_from(replay)
        return metrics | learned

    def _parts(self) -> dict[str, Stateful]:
        return {"bonus": self.bonus, "value": self.value}

    def state_dict(self) -> dict[str, Any]:
        return state_of(self._parts())

    def load_state_dict(self, state: dict[str, Any]) -> None:
        load_state_of(self._parts(), state)


def steps_as_rows(steps: Steps) -> TransitionBatch:
    """The steps of a rollout as a bonus sees them: with the actions that the environment took."""
    return TransitionBatch(
        steps.observation,
        steps.raw_action.clamp(-1.0, 1.0),
        steps.reward,
        steps.next_observation,
        steps.terminated.float(),
    )
