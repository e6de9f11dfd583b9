"""What a step pays besides the task's reward, for any agent that learns from rows of transitions.

A bonus is computed when rows are drawn, not when they are stored: what was new then is known now
(as in URLB, Laskin et al. 2021).
"""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.algorithm import Counter, Problem, Stateful, load_state_of, state_of
from p2e.batch import Transition, TransitionBatch
from p2e.curiosity.automatic_weight import AutomaticWeight
from p2e.curiosity.step_units import StepUnits, beyond_the_known
from p2e.metrics import Metrics
from p2e.nn.generators import SeedGenerators
from p2e.nn.normalizers import RunningScale
from p2e.replay.buffers import RowBuffer, as_transitions, transition_row

BATCH = 256  # real rows of an update


class Bonus(ABC):
    """An intrinsic reward of transitions that score far above the running mean of real ones.

    Args:
        weight: of the bonus, beside the task's reward.
    """

    # Which observation of a row the score depends on: the one before the step, or the one reached.
    looks_at: ClassVar[Literal["observation", "next_observation"]] = "next_observation"

    def __init__(self, problem: Problem, weight: float | AutomaticWeight) -> None:
        seeds = len(problem.seeds)
        self._weight, self._device = weight, problem.device
        self.units = StepUnits(seeds, problem.observation_size, problem.device)
        self.scale = RunningScale(seeds, decay=0.99, device=problem.device)
        self.batches = SeedGenerators(problem.seeds, "bonus batches", problem.device)
        self.updates = Counter()

    def see(self, steps: TransitionBatch) -> None:
        """Take real steps, each once, into the statistics of observations."""
        self.units.see(steps.observation.to(self._device))

    def learn_from(self, replay: RowBuffer) -> Metrics:
        """One update from real rows."""
        rows = as_transitions(replay.sample(self.batches, BATCH))
        self.units.measure(rows)
        metrics = self._learn(rows)
        with torch.no_grad():
            scores = self.score(rows)
            self.scale.update(scores)
        self.updates.value += 1
        metrics |= {"bonus": self._reward(scores).mean(dim=1)}
        if isinstance(self._weight, AutomaticWeight):
            metrics |= self._adapt(self._weight, rows)
        return metrics

    def _adapt(self, weight: AutomaticWeight, rows: TransitionBatch) -> Metrics:
        paid = (
            self.reward(rows._replace(action=action)) for action in weight.actions(rows.observation)
        )
        weight.update(*paid)
        return {"bonus_weight": weight.value.squeeze(1)}

    @property
    def weight(self) -> float | Float[Tensor, "S 1"]:
        """Of the bonus, beside the task's reward."""
        return self._weight.value if isinstance(self._weight, AutomaticWeight) else self._weight

    @torch.no_grad()
    def reward(self, rows: TransitionBatch) -> Float[Tensor, "S B"]:
        """The bonus of each row, real or imagined."""
        return self._reward(self.score(rows))

    def _reward(self, scores: Float[Tensor, "S B"]) -> Float[Tensor, "S B"]:
        return beyond_the_known(self.scale(scores))

    def paid(self, rows: TransitionBatch) -> TransitionBatch:
        """The rows with the task's reward plus the weighted bonus."""
        return rows._replace(reward=rows.reward + self.weight * self.reward(rows))

    def of_step(self, transition: Transition) -> Float[Tensor, " S"] | None:
        """The bonus of a real step of every seed; None before there is a scale to measure it on."""
        if self.updates.value == 0:
            return None
        return self.reward(as_transitions(transition_row(transition.to(self._device)))).squeeze(1)

    @abstractmethod
    def score(self, rows: TransitionBatch) -> Float[Tensor, "S B"]:
        """How new each row is, 0 or more, in a unit of its own."""

    @abstractmethod
    def _learn(self, rows: TransitionBatch) -> Metrics:
        """Learn what the score needs."""

    def parts(self) -> dict[str, Stateful]:
        """What changes while training."""
        weight = {"weight": self._weight} if isinstance(self._weight, AutomaticWeight) else {}
        return {
            "units": self.units,
            "scale": self.scale,
            "batches": self.batches,
            "updates": self.updates,
            **weight,
        }

    def state_dict(self) -> dict[str, Any]:
        return state_of(self.parts())

    def load_state_dict(self, state: dict[str, Any]) -> None:
        load_state_of(self.parts(), state)


class NoBonus(Bonus):
    """The task's reward alone."""

    def see(self, steps: TransitionBatch) -> None:
        pass

    def learn_from(self, replay: RowBuffer) -> Metrics:
        return {}

    def paid(self, rows: TransitionBatch) -> TransitionBatch:
        return rows

    def of_step(self, transition: Transition) -> None:
        return None

    def score(self, rows: TransitionBatch) -> Float[Tensor, "S B"]:
        return torch.zeros_like(rows.reward)

    def _learn(self, rows: TransitionBatch) -> Metrics:
        return {}

    def parts(self) -> dict[str, Stateful]:
        return {}
