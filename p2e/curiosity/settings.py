"""How an agent explores: the colour of its action noise, and what it is paid besides the task."""

from dataclasses import dataclass

from p2e.agent.coloured_noise import EXPONENTS
from p2e.algorithm import Problem
from p2e.config import require
from p2e.curiosity.bonus import Bonus
from p2e.curiosity.bonuses import BONUSES


@dataclass(frozen=True)
class ExplorationConfig:
    """Settings of the exploration, the same for all algorithms.

    Args:
        noise: colour of the noise in the actions of the training episodes: "white" for independent
            draws, "pink" or "red" for such that push longer into one direction.
        bonus: what a step pays besides: "none"; "disagreement" of an ensemble of one-step
            predictors; "rnd", the error of random network distillation; "novelty", the distance to
            the nearest states met before.
        weight: of the bonus, beside the task's reward. The bonus is measured in units of its
            running mean.
    """

    noise: str = "white"
    bonus: str = "none"
    weight: float = 1.0

    def __post_init__(self) -> None:
        for key, known in (("noise", EXPONENTS), ("bonus", BONUSES)):
            value = getattr(self, key)
            expected = f"one of {', '.join(map(repr, known))}"
            require(value in known, f"exploration.{key}", value, expected)
        require(self.weight >= 0, "exploration.weight", self.weight, "0 or more")

    def bonus_for(self, problem: Problem) -> Bonus:
        """The bonus of these settings."""
        return BONUSES[self.bonus](problem, self.weight)
