"""The units of bonuses: how far apart observations are, and what counts as unknown."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from p2e.batch import TransitionBatch
from p2e.nn.normalizers import RunningChange, RunningNormalizer

LARGEST_SCORE = 5.0  # standard deviations, to which observations are clipped (Burda et al. 2019)
UNKNOWN = 2.0  # a bonus is paid where its score exceeds this many times its running mean


def beyond_the_known(scores: Float[Tensor, "S *rows"]) -> Float[Tensor, "S *rows"]:
    """log(score / UNKNOWN), and 0 where that is negative, of scores in units of their mean.

    Far from all data scores are orders of magnitude higher; the logarithm (as in MaxInfoRL, Sukhija
    et al. 2024) keeps them from outweighing what can be reached. Known steps are not rewarded at
    all: many small rewards near the start would add up to more than the reward for going far.
    """
    return (scores / UNKNOWN).clamp(min=1.0).log()


class StepUnits(nn.Module):
    """Observations in units of what a step changes.

    A feature that changes little in a step, as a position does, needs many steps to reach a new
    value; one that changes much, as a velocity does, takes all of its values soon. In units of its
    standard deviation the second would count as much as the first, and most of what is new would be
    new velocities in known places. In units of its change (root mean square over the steps of
    replay) a distance tells how many steps apart two observations are.
    """

    def __init__(self, seeds: int, features: int, device: torch.device) -> None:
        super().__init__()
        self.normalizer = RunningNormalizer(seeds, features, device)
        self.change = RunningChange(seeds, features, device)

    def see(self, observation: Float[Tensor, "S B O"]) -> None:
        """Take observations, each once, into mean and standard deviation."""
        self.normalizer.update(observation)

    def measure(self, rows: TransitionBatch) -> None:
        """Take the changes of one more batch of steps into their running average."""
        self.change.update(self._normalised_change(rows))

    def steps(self, observation: Float[Tensor, "S B O"]) -> Float[Tensor, "S B O"]:
        """How far each feature is from its mean, in units of what steps change on average."""
        normalised: Tensor = self.normalizer(observation)
        return normalised.clamp(-LARGEST_SCORE, LARGEST_SCORE) / self.change.scale

    def forward(self, observation: Float[Tensor, "S B O"]) -> Float[Tensor, "S B O"]:
        """Normalised observations, each feature divided by its change; all together multiplied so
        that the mean square of the factors is 1."""
        factors = 1.0 / self.change.scale
        return self.steps(observation) / factors.square().mean(dim=-1, keepdim=True).sqrt()

    def changes(self, rows: TransitionBatch) -> Float[Tensor, "S B O"]:
        """What each step changes, in units of what steps change on average."""
        return self._normalised_change(rows) / self.change.scale

    def _normalised_change(self, rows: TransitionBatch) -> Float[Tensor, "S B O"]:
        before, after = self.normalizer(rows.observation), self.normalizer(rows.next_observation)
        change: Tensor = after - before
        return change
