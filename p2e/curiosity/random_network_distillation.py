"""Random network distillation (Burda et al. 2019, arXiv:1810.12894)."""

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.algorithm import Problem, Stateful
from p2e.batch import TransitionBatch
from p2e.curiosity.automatic_weight import AutomaticWeight
from p2e.curiosity.bonus import Bonus
from p2e.metrics import Metrics
from p2e.nn.batched_mlp import BatchedMLP
from p2e.nn.generators import SeedGenerators
from p2e.nn.optimizer import SeedOptimizer

HIDDEN, FEATURES = (64, 64), 32
LEARNING_RATE = 1e-3


class RandomNetworkDistillation(Bonus):
    """How wrong a network is about the outputs of a fixed random one, for the observation that a
    step reached, in units of steps. It learns them where it has been, and knows nothing of where it
    has not."""

    def __init__(self, problem: Problem, weight: float | AutomaticWeight) -> None:
        super().__init__(problem, weight)
        sizes = [problem.observation_size, *HIDDEN, FEATURES]
        self.target, self.predictor = (
            BatchedMLP(
                (len(problem.seeds),), sizes, SeedGenerators(problem.seeds, name, problem.device)
            )
            for name in ("random network", "distillation")
        )
        self.optimizer = SeedOptimizer(self.predictor.parameters(), LEARNING_RATE)

    def score(self, rows: TransitionBatch) -> Float[Tensor, "S B"]:
        """Squared error, mean over the outputs."""
        inputs = self.units(rows.next_observation)
        with torch.no_grad():
            target = self.target(inputs)
        errors: Tensor = self.predictor(inputs) - target
        return errors.square().mean(dim=2)

    def _learn(self, rows: TransitionBatch) -> Metrics:
        losses = self.score(rows).mean(dim=1)
        self.optimizer.step(losses)
        return {"bonus_loss": losses.detach()}

    def parts(self) -> dict[str, Stateful]:
        networks = {"target": self.target, "predictor": self.predictor}
        return super().parts() | networks | {"optimizer": self.optimizer}
