"""State novelty: how far the nearest states are that were met before.

A particle estimate of the states' entropy rewards each state by the logarithm of the distance to
its neighbours (Liu & Abbeel 2021, APT; Seo et al. 2021, RE3). Here the distances are in units of
steps, to a random sample of all that were met.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.algorithm import Problem, Stateful
from p2e.batch import TransitionBatch
from p2e.curiosity.automatic_weight import AutomaticWeight
from p2e.curiosity.bonus import Bonus
from p2e.metrics import Metrics
from p2e.nn.generators import SeedGenerators
from p2e.replay.buffers import RowBuffer

NEIGHBOURS = 3
SAMPLE = 1000  # states that stand for all that were met


class StateNovelty(Bonus):
    """The mean distance to the nearest of the states met before, of the observation that a step
    reached: 0 for a state that was met as often as there are neighbours."""

    def __init__(self, problem: Problem, weight: float | AutomaticWeight) -> None:
        super().__init__(problem, weight)
        seeds, device = problem.seeds, problem.device
        widths = {"state": problem.observation_size}
        self.met = RowBuffer(len(seeds), problem.steps, widths, device)
        self.samples = SeedGenerators(seeds, "met states", device)

    def see(self, steps: TransitionBatch) -> None:
        super().see(steps)
        self.met.add({"state": steps.next_observation})

    def score(self, rows: TransitionBatch) -> Float[Tensor, "S B"]:
        sample = self.met.sample(self.samples, min(SAMPLE, self.met.size))["state"]
        states, others = self.units(rows.next_observation), self.units(sample)
        return nearest_distances(states, others).mean(dim=2)

    def _learn(self, rows: TransitionBatch) -> Metrics:
        return {}

    def parts(self) -> dict[str, Stateful]:
        return super().parts() | {"met": self.met, "samples": self.samples}


def nearest_distances(
    states: Float[Tensor, "S B F"], others: Float[Tensor, "S N F"]
) -> Float[Tensor, "S B K"]:
    """Distances of each state to the nearest of the others. Which are the nearest is found with a
    matrix product, several times as fast as differences are. It is wrong about distances near 0,
    so those of the nearest are computed again."""
    rough = torch.cdist(states, others, compute_mode="use_mm_for_euclid_dist")
    nearest = rough.topk(min(NEIGHBOURS, others.shape[1]), dim=2, largest=False).indices
    found = others.gather(1, nearest.flatten(1).unsqueeze(-1).expand(-1, -1, others.shape[2]))
    distances: Tensor = (found.unflatten(1, nearest.shape[1:]) - states.unsqueeze(2)).norm(dim=3)
    return distances
