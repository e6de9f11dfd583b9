"""Disagreement about the next observation: Plan2Explore's intrinsic reward without a world model
(Pathak et al. 2019, arXiv:1906.04161), for agents that see observations."""

from functools import partial

from jaxtyping import Float
from torch import Tensor

from p2e.algorithm import Problem, Stateful
from p2e.batch import TransitionBatch
from p2e.curiosity.automatic_weight import AutomaticWeight
from p2e.curiosity.bonus import Bonus
from p2e.curiosity.disagreement import EnsembleDisagreement
from p2e.metrics import Metrics
from p2e.nn.generators import SeedGenerators
from p2e.nn.optimizer import SeedOptimizer

LEARNING_RATE, CLIP_NORM = 1e-3, 1.0  # as Plan2Explore's in the core suite


class ObservationDisagreement(Bonus):
    """Disagreement of an ensemble about how the normalised observation changes in a step, rewarded
    as Plan2Explore rewards that about latents (disagreement.py)."""

    looks_at = "observation"

    def __init__(self, problem: Problem, weight: float | AutomaticWeight) -> None:
        super().__init__(problem, weight)
        seeds, device, features = problem.seeds, problem.device, problem.observation_size
        self.ensemble = EnsembleDisagreement(
            features,
            problem.action_size,
            features,
            partial(SeedOptimizer, learning_rate=LEARNING_RATE, clip_norm=CLIP_NORM),
            SeedGenerators(seeds, "ensemble weights", device),
            SeedGenerators(seeds, "ensemble rows", device),
        )
        self.scale = self.ensemble.scale

    def score(self, rows: TransitionBatch) -> Float[Tensor, "S B"]:
        return self.ensemble.disagreement(self.units.normalizer(rows.observation), rows.action)

    def _learn(self, rows: TransitionBatch) -> Metrics:
        before = self.units.normalizer(rows.observation)
        return self.ensemble.learn(before, rows.action, self.units.changes(rows))

    def parts(self) -> dict[str, Stateful]:
        # The running scale is one of the ensemble's own parts.
        of_all = {k: part for k, part in super().parts().items() if part is not self.scale}
        return of_all | {"ensemble": self.ensemble}
