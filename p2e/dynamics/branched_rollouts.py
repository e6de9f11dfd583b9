"""Branched rollouts: short imagined episodes that begin in real states (Janner et al. 2019,
section 4.2), of the same number of rows for every seed."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from p2e.agent.soft_actor_critic import SoftActorCritic
from p2e.algorithm import Termination
from p2e.batch import TransitionBatch, concatenate_rows
from p2e.config import require, require_positive
from p2e.dynamics.probabilistic_ensemble import Dynamics
from p2e.metrics import Metrics
from p2e.nn.generators import SeedGenerators
from p2e.replay.buffers import Fields


@dataclass(frozen=True)
class RolloutSchedule:
    """Steps of an imagined rollout: linear in the environment step between two steps, in whole
    steps, constant before and after (appendix C; Hopper: 1 to 15 over steps 20,000 to 150,000).

    Args:
        start_length: steps of a rollout up to start_step.
        end_length: steps of a rollout from end_step on.
        start_step: environment step from which the length changes.
        end_step: environment step from which it no longer does.
    """

    start_length: int = 1
    end_length: int = 1
    start_step: int = 0
    end_step: int = 1

    def __post_init__(self) -> None:
        require_positive(self, "rollout", "start_length", "end_length")
        after = f"more than rollout.start_step ({self.start_step})"
        require(self.end_step > self.start_step, "rollout.end_step", self.end_step, after)

    def length(self, step: int) -> int:
        """Steps of a rollout that begins at this environment step."""
        progress = (step - self.start_step) / (self.end_step - self.start_step)
        progress = min(1.0, max(0.0, progress))
        return int(self.start_length + progress * (self.end_length - self.start_length))

    def longest(self, steps: int) -> int:
        """The most steps that a rollout has in a run of this many environment steps."""
        return max(self.length(0), self.length(steps))


class Rollout(NamedTuple):
    """Branched rollouts of all seeds: T steps of B branches, one step after the other."""

    steps: TransitionBatch  # (S, T * B, ...)
    valid: Bool[Tensor, "S R"]  # the branch had not ended before this row, which is plausible
    dropped: Float[Tensor, " S"]  # rows that were not plausible
    length: int

    def metrics(self) -> Metrics:
        """Rows that were imagined and kept, rows that were dropped, and the rollouts' length."""
        return {
            "rollout_length": torch.full_like(self.dropped, self.length),
            "imagined_rows": self.valid.sum(dim=1).float(),
            "dropped_rows": self.dropped,
        }

    def rows(self, start: TransitionBatch, generators: SeedGenerators) -> Fields:
        """T * B rows of each seed for the buffer: all valid ones, then random repeats of them.

        Branches end at different times, and how many rows a seed has must depend neither on the
        other seeds nor shift its ring against theirs. Repeats do that and bias nothing: no row is
        lost, and each is repeated with the same probability. A seed without any valid row gets
        the real transitions that its branches began with.
        """
        rows = self.valid.shape[1]
        count = self.valid.sum(dim=1, keepdim=True)
        valid_first = (~self.valid).byte().argsort(dim=1, stable=True)
        place = torch.arange(rows, device=count.device).expand_as(self.valid)
        repeat = (generators.uniform(0, 1, rows) * count).long().minimum(count - 1).clamp(min=0)
        chosen = valid_first.gather(1, torch.where(place < count, place, repeat))
        imagined, real = as_fields(self.steps), as_fields(concatenate_rows([start] * self.length))
        some, chosen = count.unsqueeze(-1) > 0, chosen.unsqueeze(-1)
        return {
            name: torch.where(some, imagined[name].take_along_dim(chosen, dim=1), real[name])
            for name in imagined
        }


def as_fields(batch: TransitionBatch) -> Fields:
    """A batch as fields of a buffer: every one (S, B, width)."""
    return {k: v.unsqueeze(-1) if v.dim() == 2 else v for k, v in batch._asdict().items()}


@torch.no_grad()
def branch(
    agent: SoftActorCritic,
    dynamics: Dynamics,
    terminated: Termination,
    start: TransitionBatch,
    length: int,
    generators: SeedGenerators,
) -> Rollout:
    """Follow the agent's policy inside the model for `length` steps from each start observation.

    A branch ends where the environment's termination function says so, or where the model's
    prediction is not plausible: not finite, or far beyond anything real. Such a row, and those
    after an end, which are computed in lockstep, are not valid.
    """
    observation = start.observation
    alive = torch.ones(observation.shape[:2], dtype=torch.bool, device=observation.device)
    steps, valid, dropped = [], [], observation.new_zeros(len(generators))
    for _ in range(length):
        action = agent.act(observation, deterministic=False)
        next_observation, reward = dynamics.sample(observation, action, generators)
        ended = terminated(observation, action, next_observation)
        plausible = dynamics.plausible(next_observation, reward)
        steps.append(TransitionBatch(observation, action, reward, next_observation, ended.float()))
        valid.append(alive & plausible)
        dropped = dropped + (alive & ~plausible).sum(dim=1)
        alive = alive & plausible & ~ended
        observation = torch.where(alive.unsqueeze(-1), next_observation, observation)
    return Rollout(concatenate_rows(steps), torch.cat(valid, dim=1), dropped, length)
