"""When episodes end, learned from real steps: for environments whose rule nobody knows.

A classifier gives the probability that a step ended its episode. Ends are rare, so part of each
batch are steps that did; the loss weighs every step by how much more often it was drawn than it
occurs, which leaves its mean as it is, so the probabilities stay calibrated.
"""

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from p2e.algorithm import Problem
from p2e.batch import TransitionBatch
from p2e.metrics import Metrics
from p2e.nn.ensemble import Ensemble, take_rows
from p2e.nn.generators import SeedGenerators
from p2e.nn.normalizers import RowScale
from p2e.nn.optimizer import SeedOptimizer

HIDDEN = (64, 64)
UPDATES = 200  # of one training; the next goes on from the same weights
ROWS = 256  # of one update
ENDS = 64  # of these, steps that ended an episode
LEARNING_RATE = 1e-3


class LearnedTermination(nn.Module):
    """Whether a step (observation, action, next observation) ends the episode: a termination
    function that draws its answer."""

    met: Tensor

    def __init__(self, problem: Problem) -> None:
        super().__init__()
        seeds, device = problem.seeds, problem.device
        inputs = 2 * problem.observation_size + problem.action_size
        weights = SeedGenerators(seeds, "termination weights", device)
        self.network = Ensemble(1, [inputs, *HIDDEN, 1], weights)
        self.scale = RowScale(len(seeds), inputs, device)
        # A seed that has met no end knows nothing about ends, and imagines none.
        self.register_buffer("met", torch.zeros(len(seeds), 1, dtype=torch.bool, device=device))
        self.generators = SeedGenerators(seeds, "terminations", device)

    def train_on(self, real: TransitionBatch) -> Metrics:
        """Train on all real steps of each seed: (S, N, features).

        Returns:
            termination_loss: mean cross-entropy of the last update, in nats.
        """
        inputs, ended = step_features(real), real.terminated
        self.scale.fit(inputs)
        self.met.copy_(ended.any(dim=1, keepdim=True))
        ends_first = ended.argsort(dim=1, descending=True, stable=True)
        optimizer = SeedOptimizer(list(self.network.parameters()), LEARNING_RATE)
        loss = inputs.new_zeros(len(inputs))
        for _ in range(UPDATES):
            rows, weights = draw_steps(ended, ends_first, self.generators)
            logits = self._logits(take_rows(inputs, rows.unsqueeze(1))[:, 0])
            errors = binary_cross_entropy_with_logits(
                logits, ended.take_along_dim(rows, dim=1), reduction="none"
            )
            loss = (weights * errors).mean(dim=1)
            optimizer.step(loss)
        return {"termination_loss": loss.detach()}

    @torch.no_grad()
    def probability(
        self,
        observation: Float[Tensor, "S B O"],
        action: Float[Tensor, "S B A"],
        next_observation: Float[Tensor, "S B O"],
    ) -> Float[Tensor, "S B"]:
        """The probability that each of these steps ends its episode."""
        logits = self._logits(torch.cat([observation, action, next_observation], dim=-1))
        return torch.sigmoid(logits) * self.met

    def forward(
        self,
        observation: Float[Tensor, "S B O"],
        action: Float[Tensor, "S B A"],
        next_observation: Float[Tensor, "S B O"],
    ) -> Bool[Tensor, "S B"]:
        """Whether each of these steps ends its episode, drawn with that probability."""
        probability = self.probability(observation, action, next_observation)
        return self.generators.uniform(0, 1, probability.shape[1]) < probability

    def _logits(self, inputs: Float[Tensor, "S B I"]) -> Float[Tensor, "S B"]:
        output: Tensor = self.network(self.scale(inputs).unsqueeze(1))
        return output[:, 0, :, 0]


def step_features(rows: TransitionBatch) -> Float[Tensor, "S B I"]:
    """Observation, action and next observation of each step, side by side."""
    return torch.cat([rows.observation, rows.action, rows.next_observation], dim=-1)


def draw_steps(
    ended: Float[Tensor, "S N"], ends_first: Int64[Tensor, "S N"], generators: SeedGenerators
) -> tuple[Int64[Tensor, "S B"], Float[Tensor, "S B"]]:
    """Row numbers of a batch of ROWS steps, and the weights that undo their selection.

    All but ENDS rows are drawn from all N steps, the last ENDS rows from the K steps that ended an
    episode, which `ends_first` numbers first; where there is none, from all. A weight is 1 / N over
    the probability of that row.
    """
    available = ended.shape[1]
    count = ended.sum(dim=1, keepdim=True)
    anywhere = (generators.uniform(0, 1, ROWS) * available).long().clamp(max=available - 1)
    place = generators.uniform(0, 1, ENDS) * torch.where(count > 0, count, available)
    last = torch.where(count > 0, count, available).long() - 1
    of_ends = ends_first.take_along_dim(place.long().minimum(last), dim=1)
    rows = torch.cat([anywhere[:, ENDS:], of_ends], dim=1)
    share = torch.where(count > 0, ENDS / ROWS, 0.0)
    drawn_more = share * available / count.clamp(min=1)  # how much more often an end is drawn
    weights = 1 / (1 - share + drawn_more * ended.take_along_dim(rows, dim=1))
    return rows, weights
