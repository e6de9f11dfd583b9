"""Actions that were really taken, followed inside the world model.

A policy that learns in a world model alone finds where the model is wrong: errors of a few percent
a step lead it through a wall, if it follows its own actions for long enough, and nothing tells it
otherwise. The actions of the replay keep to where the model was trained. What they pay and where
they lead is what the model says, so that no real outcome is learned from.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from p2e.batch import TransitionBatch
from p2e.nn.generators import SeedGenerators
from p2e.replay.buffers import Fields, RowBuffer, as_transitions
from p2e.replay.mixed_batch import mixed_batch
from p2e.replay.n_step_returns import multi_step
from p2e.replay.rare_windows import draw_windows
from p2e.world.feature_extractor import FeatureExtractor
from p2e.world.imagination import imagine_step, stack_steps
from p2e.world.world_model import WorldModel


class ReplayedActions:
    """Draws rows that start in a real state and reach over a few real actions.

    Args:
        rare_share: of the rows, with a rare reward within reach: what the task is about.
        generators: of the draws.
        discount, steps: of the returns.
        transform: of the steps, before they become rows; None for none.
    """

    def __init__(
        self,
        model: WorldModel,
        rare_share: float,
        generators: SeedGenerators,
        discount: float,
        steps: int,
        transform: Callable[[Fields], Fields] | None = None,
    ) -> None:
        self._model, self._features = model, FeatureExtractor(model)
        self._rare_share, self._generators = rare_share, generators
        self._discount, self._steps, self._transform = discount, steps, transform

    def draw(self, buffer: RowBuffer, rows: int) -> Fields:
        """So many rows of each seed, with the model's returns: name -> (S, B, W)."""
        draws = self._rare_share, self._generators
        windows, _ = draw_windows(buffer, "reward", self._steps, rows, *draws)
        steps = self._follow(windows)
        if self._transform is not None:
            steps = self._transform(steps)
        reaching = multi_step(steps, ("reward",), self._discount, self._steps)
        return {name: x[:, 0] for name, x in reaching.items()}

    def mixed(
        self, buffer: RowBuffer, imagined: RowBuffer, size: int, share: float
    ) -> TransitionBatch:
        """A batch of so many rows, a share of them such; the others follow the policies."""

        def draw_replayed(rows: int) -> TransitionBatch:
            return as_transitions(self.draw(buffer, rows))

        def draw_imagined(rows: int) -> TransitionBatch:
            return as_transitions(imagined.sample(self._generators, rows))

        return mixed_batch(draw_replayed, draw_imagined, size, share)

    @torch.no_grad()
    def _follow(self, windows: Fields) -> Fields:
        """The steps of the windows (S, T, B, W) as the model sees them from each first state on."""
        model, of_state = self._model, self._features.of_state
        latent, memory = model.encode(windows["observation"][:, 0]), windows["memory"][:, 0]
        rows: list[dict[str, Tensor]] = []
        for action, first in zip(
            windows["action"].unbind(1), windows["first"].unbind(1), strict=True
        ):
            row, latent, memory = imagine_step(model, of_state, latent, memory, action)
            rows.append(row | {"first": first})
        return stack_steps(rows)
