"""Actions that were really taken, followed inside the world model.

A policy that learns in a world model alone finds where the model is wrong: if it follows its own
actions for long enough, errors of a few percent a step lead it through a wall, and nothing corrects
it. Actions of the replay stay where the model was trained. Their rewards and next states are the
model's predictions, so that the policy still learns from no real outcome.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from p2e.nn.generators import SeedGenerators
from p2e.replay.buffers import Fields, RowBuffer
from p2e.replay.n_step_returns import rows_with_returns
from p2e.replay.rare_windows import draw_windows
from p2e.world.feature_extractor import FeatureExtractor
from p2e.world.imagination import imagine_step, stack_steps

# Of the task policy's batches. The other rows follow the policies; with those alone a task policy
# exploits errors of the world model that no real row corrects.
REPLAYED_SHARE = 0.5


class ReplayedActions:
    """Draws rows that start in a real state and follow a few real actions in the world model.

    Args:
        replay: of real steps.
        rare_share: share of the rows with a rare reward within reach.
        generators: of the draws.
        discount, steps: of the returns.
        transform: of the steps, before they become rows; None for none.
    """

    def __init__(
        self,
        features: FeatureExtractor,
        replay: RowBuffer,
        rare_share: float,
        generators: SeedGenerators,
        discount: float,
        steps: int,
        transform: Callable[[Fields], Fields] | None = None,
    ) -> None:
        self._features, self._replay = features, replay
        self._rare_share, self._generators = rare_share, generators
        self._discount, self._steps, self._transform = discount, steps, transform

    def draw(self, rows: int) -> Fields:
        """So many rows of each seed, with the model's returns: name -> (S, rows, width)."""
        draws = self._rare_share, self._generators
        windows, _ = draw_windows(self._replay, "reward", self._steps, rows, *draws)
        steps = self._follow(windows)
        if self._transform is not None:
            steps = self._transform(steps)
        return rows_with_returns(steps, ("reward",), self._discount, self._steps)

    @torch.no_grad()
    def _follow(self, windows: Fields) -> Fields:
        """The steps of the windows (S, T, B, W) as the model sees them from each first state on."""
        latent = self._features.model.encode(windows["observation"][:, 0])
        memory = windows["memory"][:, 0]
        rows: list[dict[str, Tensor]] = []
        for action, first in zip(
            windows["action"].unbind(1), windows["first"].unbind(1), strict=True
        ):
            row, latent, memory = imagine_step(self._features, latent, memory, action)
            rows.append(row | {"first": first})
        return stack_steps(rows)
