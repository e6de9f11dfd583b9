"""Learning the reward beside a world that must not know of it."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

from p2e.algorithm import load_state_of, state_of
from p2e.batch import SequenceBatch
from p2e.metrics import Metrics
from p2e.optimizer import SeedOptimizer
from p2e.world_loss import flatten_time, reward_loss
from p2e.world_model import WorldModel


class RewardLearner:
    """One update of the reward heads of a world model that has them apart (`reward_heads`).

    They read latents and memories, and change neither: their gradient stops there, and is clipped
    apart from that of the world.
    """

    def __init__(
        self, model: WorldModel, optimizer: Callable[[Iterable[nn.Parameter]], SeedOptimizer]
    ) -> None:
        self.model = model
        self.optimizer = optimizer(model.reward_parameters())

    def update(self, batch: SequenceBatch) -> Metrics:
        """From windows of replay; the latents and memories before their steps are kept."""
        model, rows = self.model, flatten_time(batch)
        model.measure_reward(batch.reward)
        with torch.no_grad():
            latent = model.encode(rows.observation)
            sequence = latent.unflatten(1, batch.action.shape[1:3])
            before, after = model.remember_sequence(
                sequence, batch.action, batch.first, batch.memory
            )
        self.states = latent, before.flatten(1, 2)
        prediction = model.predict(latent, rows.action, after.flatten(1, 2))
        losses = reward_loss(model, prediction, rows.reward)
        self.optimizer.step(losses)
        return {"reward_loss": losses.detach()}

    def state_dict(self) -> dict[str, Any]:
        return state_of({"optimizer": self.optimizer})

    def load_state_dict(self, state: dict[str, Any]) -> None:
        load_state_of({"optimizer": self.optimizer}, state)
