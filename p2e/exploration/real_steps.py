"""Real steps, as rows in the features of the world model that the agents learn from."""

import torch

from p2e.nn.generators import SeedGenerators
from p2e.replay.buffers import Fields, RowBuffer, pick_fields
from p2e.replay.n_step_returns import rows_with_returns
from p2e.replay.rare_windows import draw_windows
from p2e.world.feature_extractor import FeatureExtractor
from p2e.world.world_learner import WorldLearner
from p2e.world.world_loss import WorldStates

AGENTS_FIELDS = ("observation", "action", "reward", "curiosity", "next_observation", "terminated")


class RealSteps:
    """Draws from the windows that the world was last updated on, whose latents are at hand.

    Args:
        generators: of the draws.
    """

    def __init__(self, world: WorldLearner, generators: SeedGenerators) -> None:
        self._world, self._features = world, FeatureExtractor(world.model)
        self._generators = generators
        self._states: WorldStates | None = None  # from which the fields below were made
        self._fields: Fields = {}

    def draw(self, rows: int) -> Fields:
        """Rows with the task's reward, and what each step pays for curiosity:
        name -> (S, rows, width).

        What a step pays is found out once for all draws from the same windows.
        """
        if self._states is not self._world.states:
            self._states = self._world.states
            self._fields = self._as_rows(self._states)
        available = self._states.latent.shape[1]
        return pick_fields(self._fields, self._generators.integers(available, rows))

    def _as_rows(self, states: WorldStates) -> Fields:
        columns = {
            name: x if x.dim() == 3 else x.unsqueeze(-1) for name, x in states._asdict().items()
        }
        steps = self._with_features(self._with_curiosity(columns))
        return {name: x for name, x in steps.items() if name in AGENTS_FIELDS}

    def _with_curiosity(self, steps: Fields) -> Fields:
        between = steps["latent"], steps["action"], steps["next_latent"]
        return steps | {"curiosity": self._world.intrinsic_reward(*between).unsqueeze(-1)}

    def _with_features(self, steps: Fields) -> Fields:
        """Steps between states of the world model as steps between what the agents see."""
        of_state = self._features.of_state
        return steps | {
            "observation": of_state(steps["latent"], steps["memory"]),
            "next_observation": of_state(steps["next_latent"], steps["next_memory"]),
        }


class RealStepsOfReplay(RealSteps):
    """Draws from all of the replay, with returns of several steps (for ablations).

    Args:
        discount, steps: of the returns.
    """

    def __init__(
        self,
        world: WorldLearner,
        generators: SeedGenerators,
        replay: RowBuffer,
        discount: float,
        steps: int,
    ) -> None:
        super().__init__(world, generators)
        self._replay, self._discount, self._reach = replay, discount, steps

    def draw(self, rows: int) -> Fields:
        steps = self._with_curiosity(self._steps(rows))
        return self._with_returns(self._with_features(steps), rows)

    @torch.no_grad()
    def _steps(self, rows: int) -> Fields:
        """All steps of `rows` windows, as the model sees them now, with the memories that were
        stored with them: name -> (S, T * rows, width)."""
        draws = 0.0, self._generators  # no window is preferred
        windows, _ = draw_windows(self._replay, "reward", self._reach, rows, *draws)
        model, steps = self._world.model, {name: x.flatten(1, 2) for name, x in windows.items()}
        latent, memory = model.encode(steps["observation"]), steps["memory"]
        return steps | {
            "latent": latent,
            "next_latent": model.encode(steps["next_observation"]),
            "next_memory": model.remember(latent, steps["action"], memory),
        }

    def _with_returns(self, steps: Fields, rows: int) -> Fields:
        """The first step of each window, with the returns of those that follow."""
        windows = {name: x.unflatten(1, (-1, rows)) for name, x in steps.items()}
        rewards = tuple(name for name in ("reward", "curiosity") if name in steps)
        return rows_with_returns(windows, rewards, self._discount, self._reach)
