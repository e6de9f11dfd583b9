"""Error discount: discount imagined steps more where the world model's expected error is high.

A policy that learns in a world model alone exploits the places where the model is wrong. The
disagreement of an ensemble does not show all of them: its members have learned from the same rows,
and where the world has an edge, as at a contact, all of them are too smooth. How wrong the model is
about real steps is known and can be learned, as the dynamics of MOPO (Yu et al. 2020,
arXiv:2005.13239) predict the deviation of their own error. MOPO subtracts it from the reward, with
a weight for each task. Here a step whose expected error is far above the mean counts as several
steps: what comes after it is discounted as often, so that a shortcut through a wall gains nothing.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.metrics import Metrics
from p2e.nn.batched_mlp import BatchedMLP
from p2e.nn.generators import SeedGenerators
from p2e.nn.optimizer import LearningRateSchedule, SeedOptimizer
from p2e.nn.perceptron import SILU
from p2e.replay.buffers import Fields, RowBuffer
from p2e.world.feature_extractor import FeatureExtractor
from p2e.world.world_learner import CLIP_NORM, WorldConfig
from p2e.world.world_model import WorldModel

# A step counts as 1 + WEIGHT * (expected error / mean error - 1) steps, where that is above 1.
WEIGHT = 0.5
ROWS = 256  # of an update
ROWS_FOR_THE_MEAN = 4096


@torch.no_grad()
def step_errors(
    model: WorldModel, latent: Float[Tensor, "S B L"], rows: Fields
) -> Float[Tensor, "S B"]:
    """How far the predicted observation of each real step is off, in units of how much it changes.

    Root mean square over the features.

    Args:
        latent: of the rows' observations.
        rows: of replay, each (S, B, width).
    """
    prediction, _ = model.step(latent, rows["action"], rows["memory"])
    error = model.decoder(prediction.next_latent) - model.normalizer(rows["next_observation"])
    squares: Tensor = (error / model.observation_change.scale).square()
    return squares.mean(dim=-1).sqrt()


class ErrorDiscount:
    """The expected error of a world model, in units of its mean over replay.

    Args:
        schedule: of its learning rate, which starts as the world model's.
        initial, draws: random streams of the network's weights, and of the rows it learns from.
    """

    def __init__(
        self,
        features: FeatureExtractor,
        action_size: int,
        config: WorldConfig,
        discount: float,
        schedule: LearningRateSchedule,
        initial: SeedGenerators,
        draws: SeedGenerators,
    ) -> None:
        self._model, self._features = features.model, features
        self._discount, self._draws = discount, draws
        sizes = [self._features.size + action_size, *config.hidden, 1]
        self._network = BatchedMLP((len(initial),), sizes, initial, SILU)
        learning = config.learning_rate, CLIP_NORM, schedule
        self._optimizer = SeedOptimizer(self._network.parameters(), *learning)
        self._mean_error = torch.ones(len(initial), 1, device=initial.device)

    def learn(self, replay: RowBuffer, updates: int) -> Metrics:
        """Learn from real steps what error to expect of a world model that no longer changes.

        Returns:
            error_discount_loss: mean squared error of the last update, in units of the mean error.
        """
        _, _, errors = self._real_steps(replay, ROWS_FOR_THE_MEAN)
        self._mean_error = errors.mean(dim=1, keepdim=True)
        metrics: Metrics = {}
        for _ in range(updates):
            metrics = self._fit(*self._real_steps(replay, ROWS))
        return metrics

    def _fit(
        self,
        features: Float[Tensor, "S B F"],
        action: Float[Tensor, "S B A"],
        errors: Float[Tensor, "S B"],
    ) -> Metrics:
        error = self.expected(features, action) - errors / self._mean_error.clamp(min=1e-8)
        loss = error.square().mean(dim=1)
        self._optimizer.step(loss)
        return {"error_discount_loss": loss.detach()}

    @torch.no_grad()
    def _real_steps(
        self, replay: RowBuffer, number: int
    ) -> tuple[Float[Tensor, "S B F"], Float[Tensor, "S B A"], Float[Tensor, "S B"]]:
        """Features and actions of so many steps, and how wrong the model is about each."""
        rows = replay.sample(self._draws, number)
        features = self._features.of_observation(rows["observation"], rows["memory"])
        latent = self._features.latent_of(features)
        return features, rows["action"], step_errors(self._model, latent, rows)

    def expected(
        self, features: Float[Tensor, "S B F"], action: Float[Tensor, "S B A"]
    ) -> Float[Tensor, "S B"]:
        """The expected error of steps, in units of the mean."""
        expected: Tensor = self._network(torch.cat([features, action], dim=-1)).squeeze(-1)
        return expected

    @torch.no_grad()
    def apply(self, steps: Fields) -> Fields:
        """Imagined steps (S, T, N, width) that count as several; a higher `terminated` makes the
        agent discount what follows.

        The steps in between pay the lowest reward that was met, so that nothing is gained by a
        large error where all rewards are negative.
        """
        rows = steps["observation"].flatten(1, 2), steps["action"].flatten(1, 2)
        more = WEIGHT * (self.expected(*rows) - 1).clamp(min=0.0)
        going_on = 1 - steps["terminated"]
        more, lowest = more.view(going_on.shape), self._lowest_reward.view(-1, 1, 1, 1)
        waiting = going_on * discounted_sum(self._discount, more) * lowest
        terminated = 1 - going_on * self._discount**more
        return steps | {"reward": steps["reward"] + waiting, "terminated": terminated}

    @property
    def _lowest_reward(self) -> Float[Tensor, "S 1"]:
        reward_range = self._model.reward_range
        return reward_range.at(torch.zeros_like(reward_range.low))


def discounted_sum(discount: float, steps: Tensor) -> Tensor:
    """discount + discount^2 + ... over so many steps, which need not be a whole number."""
    if discount == 1:
        return steps
    return discount * (1 - discount**steps) / (1 - discount)
