"""Reward heads that learn separately from a world model that must not depend on the reward.

Few rewarded steps say little about what a reward depends on. A network that reads everything tells
them from the others by whatever they have in common, and predicts too little where it matters, or
something where there is nothing. So these heads read what can matter, the observation that is
reached and the action, and every input has a price: a constant off the norm of its weights at each
update (the group lasso of Yuan & Lin 2006 on the inputs of a network, Scardapane et al. 2017;
proximal step: Parikh & Boyd 2014). An input stays as long as the loss keeps asking for it.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from p2e.algorithm import load_state_of, state_of
from p2e.metrics import Metrics
from p2e.nn.ensemble import Ensemble
from p2e.nn.generators import SeedGenerators
from p2e.nn.normalizers import RewardRange
from p2e.nn.optimizer import SeedOptimizer
from p2e.replay.buffers import RowBuffer
from p2e.replay.rare_windows import draw_rows
from p2e.world.world_model import Prediction, WorldModel

# Of one update. A head of few inputs needs many rewards at once: with a quarter as many rows their
# price takes the inputs that matter, too (docs/experiments.md, section 36).
ROWS = 512
WITHIN = 8  # rows from a rare reward, which show where it ends
INPUT_PRICE = 1.0  # off the norm of an input's weights, in units of Adam's step for one weight


class RewardHeads(Ensemble):
    """H heads, each from (normalised observation reached, action) to a share of the range.

    A head learns by cross-entropy where in the range of the rewards that were met one lies, on the
    symlog scale. Squared error, which hardly minds paying half of a rare reward, draws the border
    of a goal three times as wide.
    """

    def __init__(
        self,
        heads: int,
        observation_size: int,
        action_size: int,
        hidden: Sequence[int],
        generators: SeedGenerators,
    ) -> None:
        super().__init__(heads, [observation_size + action_size, *hidden, 1], generators)

    def predict(
        self, model: WorldModel, prediction: Prediction, action: Float[Tensor, "S B A"]
    ) -> Float[Tensor, "S B"]:
        """The lowest of the heads' rewards, in the task's own unit.

        Trained on few rewards, each head predicts rewards that do not exist, in places of its own;
        a policy that learns in the model alone would go there.
        """
        reached = model.decoder(prediction.next_latent)
        share = torch.sigmoid(self._logits(reached, action).amin(dim=1))
        reward: Tensor = model.reward_range.at(share)
        return reward

    def measure(self, reward: Float[Tensor, "S T B"]) -> None:
        """Nothing: the range of the rewards is the unit of the heads' loss."""

    def losses(self, prediction: Prediction, reward: Float[Tensor, "S R"]) -> Metrics:
        """Nothing: no gradient of the reward reaches the world model."""
        return {}

    def loss(
        self,
        reached: Float[Tensor, "S B O"],
        action: Float[Tensor, "S B A"],
        reward: Float[Tensor, "S B"],
        within: RewardRange,
    ) -> Float[Tensor, " S"]:
        """Cross-entropy, mean over the rows, sum over the heads."""
        logits = self._logits(reached, action)
        shares = within.share(reward).unsqueeze(1).expand_as(logits)
        errors = binary_cross_entropy_with_logits(logits, shares, reduction="none")
        return errors.mean(dim=2).sum(dim=1)

    @torch.no_grad()
    def shrink_inputs(self, amount: Float[Tensor, " S"]) -> None:
        """Shorten the vector of weights of each input of each head, in place; down to nothing."""
        weight = self.layers[0].weight  # (S, H, in, out)
        norm = weight.norm(dim=-1, keepdim=True).clamp(min=1e-12)
        weight.mul_((1 - amount.view(-1, 1, 1, 1) / norm).clamp(min=0.0))

    def _logits(
        self, reached: Float[Tensor, "S B O"], action: Float[Tensor, "S B A"]
    ) -> Float[Tensor, "S H B"]:
        return self.predict_each(torch.cat([reached, action], dim=-1)).squeeze(-1)


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
        heads: RewardHeads,
        optimizer: Callable[[Iterable[nn.Parameter]], SeedOptimizer],
        rare_share: float,
        generators: SeedGenerators,
    ) -> None:
        self._model, self._heads = model, heads
        self.optimizer = optimizer(heads.parameters())
        self._rare_share, self._generators = rare_share, generators

    def update(self, buffer: RowBuffer) -> Metrics:
        """One update from single rows of replay; keeps their latents and memories as `states`."""
        model = self._model
        rows = draw_rows(buffer, "reward", WITHIN, ROWS, self._rare_share, self._generators)
        with torch.no_grad():
            self.states = model.encode(rows["observation"]), rows["memory"]
            reached = model.normalizer(rows["next_observation"])
        reward, within = rows["reward"].squeeze(-1), model.reward_range
        differs = within.differs.squeeze(-1)  # before, there is nothing to tell apart
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
