"""Real steps, as rows in the features of the world model that the agents learn from."""

import torch

from p2e.batch import pick_rows
from p2e.curiosity.disagreement import IntrinsicReward
from p2e.nn.generators import SeedGenerators
from p2e.replay.buffers import Fields, RowBuffer
from p2e.replay.n_step_returns import multi_step
from p2e.replay.rare_windows import draw_windows
from p2e.world.feature_extractor import FeatureExtractor
from p2e.world.world_loss import WorldStates
from p2e.world.world_model import WorldModel


class RealSteps:
    """Draws real steps; with `curious` their rows also hold what they pay the explorer.

    Args:
        generators: of the draws.
        discount, steps: of the returns of rows from replay.
    """

    def __init__(
        self,
        model: WorldModel,
        curiosity: IntrinsicReward,
        generators: SeedGenerators,
        discount: float,
        steps: int,
    ) -> None:
        self._model, self._features, self._curiosity = model, FeatureExtractor(model), curiosity
        self._generators, self._discount, self._steps = generators, discount, steps

    def of_states(self, states: WorldStates, rows: int, curious: bool) -> Fields:
        """Of a batch of sequences, as the model saw them before its update: name -> (S, B, W)."""
        picked = self._generators.integers(states.latent.shape[1], rows)
        fields = {
            name: pick_rows(x if x.dim() == 3 else x.unsqueeze(-1), picked)
            for name, x in states._asdict().items()
        }
        return self._with_features(fields, curious)

    def of_replay(self, buffer: RowBuffer, rows: int, curious: bool) -> Fields:
        """Of all replay, with the multi-step returns of what followed: name -> (S, B, W)."""
        draws = 0.0, self._generators  # all rows alike
        windows, _ = draw_windows(buffer, "reward", self._steps, rows, *draws)
        length = windows["first"].shape[1]
        steps = self._with_features(self._encoded(windows), curious)
        rewards = ("reward", "curiosity") if curious else ("reward",)
        fields = {name: x.unflatten(1, (length, rows)) for name, x in steps.items()}
        reaching = multi_step(fields, rewards, self._discount, length)
        return {name: x[:, 0] for name, x in reaching.items()}

    @torch.no_grad()
    def _encoded(self, windows: Fields) -> Fields:
        """Steps as the model sees them now, with the memories that were kept with them."""
        model, fields = self._model, {name: x.flatten(1, 2) for name, x in windows.items()}
        latent, memory = model.encode(fields["observation"]), fields["memory"]
        return fields | {
            "latent": latent,
            "next_latent": model.encode(fields["next_observation"]),
            "next_memory": model.remember(latent, fields["action"], memory),
        }

    def _with_features(self, fields: Fields, curious: bool) -> Fields:
        """Steps between states as steps between what the agents see."""
        of_state = self._features.of_state
        seen = {
            "observation": of_state(fields["latent"], fields["memory"]),
            "next_observation": of_state(fields["next_latent"], fields["next_memory"]),
        }
        if curious:
            disagreement = self._curiosity.disagreement(fields["latent"], fields["action"])
            seen["curiosity"] = self._curiosity.reward(disagreement).unsqueeze(-1)
        return fields | seen
