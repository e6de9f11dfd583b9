"""Learning the task's reward, from single rows of replay."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

from p2e.algorithm import load_state_of, state_of
from p2e.metrics import Metrics
from p2e.nn.generators import SeedGenerators
from p2e.nn.optimizer import SeedOptimizer
from p2e.replay.buffers import RowBuffer
from p2e.replay.rare_windows import draw_rows
from p2e.world.world_model import WorldModel

# Of one update. A head of few inputs needs many rewards at once: with a quarter as many rows their
# price takes the inputs that matter, too (docs/experiments.md, section 36).
ROWS = 512
WITHIN = 8  # rows from a rare reward, which show where it ends
INPUT_PRICE = 1.0  # off the norm of an input's weights, in units of Adam's step for one weight


class RewardLearner:
    """Trains the reward heads of a world model.

    The heads learn from observations as they were, so that no gradient reaches the world model.

    Args:
        rare_share: of the rows, those around rare rewards.
        generators: of the draws.
    """

    def __init__(
        self,
        model: WorldModel,
        optimizer: Callable[[Iterable[nn.Parameter]], SeedOptimizer],
        rare_share: float,
        generators: SeedGenerators,
    ) -> None:
        self._model, self._heads = model, model.reward_heads
        self.optimizer = optimizer(self._heads.parameters())
        self._rare_share, self._generators = rare_share, generators

    def update(self, buffer: RowBuffer) -> Metrics:
        """One update from single rows of replay; keeps their latents and memories as `states`."""
        model = self._model
        rows = draw_rows(buffer, "reward", WITHIN, ROWS, self._rare_share, self._generators)
        with torch.no_grad():
            self.states = model.encode(rows["observation"]), rows["memory"]
            reached = model.normalizer(rows["next_observation"])
        within = model.reward_range
        differs = within.differs.squeeze(-1)  # before, there is nothing to tell apart
        if within.known_alike:
            self.optimizer.follow([torch.zeros_like(p) for p in self.optimizer.parameters])
            return {"reward_loss": torch.zeros_like(differs, dtype=torch.float32)}
        reward = rows["reward"].squeeze(-1)
        losses = self._heads.loss(reached, rows["action"], reward, within) * differs
        step = self.optimizer.learning_rate * self.optimizer.rate_factor
        self.optimizer.step(losses)
        self._heads.shrink_inputs(INPUT_PRICE * step * differs)
        return {"reward_loss": losses.detach()}

    def state_dict(self) -> dict[str, Any]:
        return state_of(self._parts())

    def load_state_dict(self, state: dict[str, Any]) -> None:
        load_state_of(self._parts(), state)

    def _parts(self) -> dict[str, Any]:
        return {"optimizer": self.optimizer, "rows": self._generators}
