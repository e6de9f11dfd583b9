"""Real steps, as rows in the features of the world model that the agents learn from."""

import torch

from p2e.nn.generators import SeedGenerators
from p2e.replay.buffers import Fields, RowBuffer
from p2e.replay.n_step_returns import rows_with_returns
from p2e.replay.rare_windows import draw_windows
from p2e.world.feature_extractor import FeatureExtractor
from p2e.world.world_learner import WorldLearner


class RealSteps:
    """Draws rows from all of the replay, as the world model sees them now, with returns of several
    steps. A share of them reaches a rare event.

    Args:
        generators: of the draws.
        replay: of real steps.
        discount, steps: of the returns.
        pays_curiosity: whether the rows tell what their steps pay for curiosity.
    """

    def __init__(
        self,
        world: WorldLearner,
        generators: SeedGenerators,
        replay: RowBuffer,
        discount: float,
        steps: int,
        pays_curiosity: bool,
    ) -> None:
        self._world, self._features = world, FeatureExtractor(world.model)
        self._generators, self._replay = generators, replay
        self._discount, self._reach = discount, steps
        self._rewards = ("reward", "curiosity") if pays_curiosity else ("reward",)

    def draw(self, rows: int) -> Fields:
        """Rows with the task's reward and, if asked for, "curiosity": name -> (S, rows, width)."""
        own = self._world.rare_field, self._reach, rows, self._world.config.rare_share
        windows, _ = draw_windows(self._replay, *own, self._generators)
        steps = self._as_seen({name: x.flatten(1, 2) for name, x in windows.items()})
        windows = {name: x.unflatten(1, (-1, rows)) for name, x in steps.items()}
        return rows_with_returns(windows, self._rewards, self._discount, self._reach)

    @torch.no_grad()
    def _as_seen(self, steps: Fields) -> Fields:
        """Steps of replay as steps between what the agents see, from the memories that were stored
        with them: name -> (S, R, width)."""
        model, of_state = self._world.model, self._features.of_state
        latent, memory = model.encode(steps["observation"]), steps["memory"]
        next_latent = model.encode(steps["next_observation"])
        next_memory = model.remember(latent, steps["action"], memory)
        seen = steps | {
            "observation": of_state(latent, memory),
            "next_observation": of_state(next_latent, next_memory),
        }
        if "curiosity" in self._rewards:
            paid = self._world.intrinsic_reward(latent, steps["action"], next_latent)
            seen["curiosity"] = paid.unsqueeze(-1)
        return seen
