"""Real steps, as rows in the features of the world model that the agents learn from."""

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.nn.generators import SeedGenerators
from p2e.replay.buffers import Fields, RowBuffer, as_transitions
from p2e.replay.n_step_returns import rows_with_returns
from p2e.replay.rare_windows import draw_windows
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
        self._world = world
        self._generators, self._replay = generators, replay
        self._discount, self._reach = discount, steps
        self._rewards = ("reward", "curiosity") if pays_curiosity else ("reward",)

    @torch.no_grad()
    def draw(self, rows: int) -> Fields:
        """Rows with the task's reward and, if asked for, "curiosity": name -> (S, rows, width)."""
        own = self._world.rare_field, self._reach, rows, self._world.rare_share
        steps, _ = draw_windows(self._replay, *own, self._generators)
        latents = self._world.model.encode(steps["observation"].flatten(1, 2))
        steps["latent"] = latents.unflatten(1, steps["reward"].shape[1:3])
        if "curiosity" in self._rewards:
            steps["curiosity"] = self._curiosity(latents, steps)
        last = {f"last_{name}": steps[name] for name in ("latent", "action", "memory")}
        reached = "next_observation", *last
        return self._as_seen(
            rows_with_returns(steps | last, self._rewards, self._discount, self._reach, reached)
        )

    def _curiosity(self, latents: Float[Tensor, "S R L"], steps: Fields) -> Tensor:
        """What each step of the windows pays for curiosity: (S, T, B, 1)."""
        rows = as_transitions({name: x.flatten(1, 2) for name, x in steps.items()})
        return self._world.intrinsic_reward(latents, rows).view_as(steps["reward"])

    def _as_seen(self, rows: Fields) -> Fields:
        """Rows of replay as rows between what the agents see, from the memories that were stored
        with the first and the last step of each."""
        model, features = self._world.model, self._world.features
        of_last = (rows.pop(f"last_{name}") for name in ("latent", "action", "memory"))
        next_memory, seen = model.remember(*of_last), model.normalizer(rows["observation"])
        return rows | {
            "observation": features.joined(rows.pop("latent"), rows["memory"], seen),
            "next_observation": features.of_observation(rows["next_observation"], next_memory),
        }
