"""Actions that were really taken, followed inside the world model.

A policy that learns in a world model alone finds where the model is wrong: errors of a few percent
a step lead it through a wall, if it follows its own actions for long enough, and nothing tells it
otherwise. The actions of the replay keep to where the model was trained. What they pay and where
they lead is what the model says, so that no real outcome is learned from.
"""

import torch
from torch import Tensor

from p2e.buffers import Fields, RowBuffer
from p2e.feature_extractor import FeatureExtractor
from p2e.generators import SeedGenerators
from p2e.multi_step import multi_step
from p2e.world_model import WorldModel


class ReplayedActions:
    """Draws rows that start in a real state and reach over a few real actions.

    Args:
        generators: of the draws.
        discount, steps: of the returns.
    """

    def __init__(
        self, model: WorldModel, generators: SeedGenerators, discount: float, steps: int
    ) -> None:
        self._model, self._features = model, FeatureExtractor(model)
        self._generators, self._discount, self._steps = generators, discount, steps

    def draw(self, buffer: RowBuffer, rows: int) -> Fields:
        """So many rows of each seed, with the model's returns: name -> (S, B, W)."""
        length = min(self._steps, buffer.size)
        windows, _ = buffer.windows(
            self._generators.integers(buffer.size - length + 1, rows), length
        )
        reaching = multi_step(self._follow(windows), ("reward",), self._discount, length)
        return {name: x[:, 0] for name, x in reaching.items()}

    @torch.no_grad()
    def _follow(self, windows: Fields) -> Fields:
        """The steps of the windows (S, T, B, W) as the model sees them from each first state on."""
        model, of_state = self._model, self._features.of_state
        latent = model.encode(windows["observation"][:, 0])
        memory = windows["memory"][:, 0]
        rows: list[dict[str, Tensor]] = []
        for t in range(windows["action"].shape[1]):
            action = windows["action"][:, t]
            prediction, next_memory = model.step(latent, action, memory)
            rows.append(
                {
                    "observation": of_state(latent, memory),
                    "action": action,
                    "reward": model.reward(prediction).unsqueeze(-1),
                    "next_observation": of_state(prediction.next_latent, next_memory),
                    "terminated": prediction.terminated.unsqueeze(-1),
                    "first": windows["first"][:, t],
                }
            )
            latent, memory = prediction.next_latent, next_memory
        return {name: torch.stack([row[name] for row in rows], dim=1) for name in rows[0]}
