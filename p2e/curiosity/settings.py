"""How an agent explores: the colour of its action noise, and what it is paid besides the task."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from p2e.agent.coloured_noise import EXPONENTS
from p2e.agent.soft_actor_critic import SoftActorCritic
from p2e.algorithm import Problem
from p2e.config import require
from p2e.curiosity.automatic_weight import AutomaticWeight
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
            the nearest states met before; "elliptical", how little is known about a state in a
            space of random features.
        weight: of the bonus, beside the task's reward. A bonus is the logarithm of a score in units
            of twice its running mean, and 0 below. None lets it adapt as in MaxInfoRL, for SAC and
            MBPO with "disagreement": no other bonus tells what an action would be paid before it is
            taken.
    """

    noise: str = "white"
    bonus: str = "none"
    weight: float | None = 1.0

    bonuses: ClassVar[Mapping[str, type[Bonus]]] = BONUSES

    def __post_init__(self) -> None:
        for key, known in (("noise", EXPONENTS), ("bonus", self.bonuses)):
            value = getattr(self, key)
            expected = f"one of {', '.join(map(repr, known))}"
            require(value in known, f"exploration.{key}", value, expected)
        usable = self.weight is not None or self.bonus == "disagreement"
        expected = f"a number with the bonus {self.bonus!r}"
        require(usable, "exploration.weight", self.weight, expected)
        fits = self.weight is None or self.weight >= 0
        require(fits, "exploration.weight", self.weight, "0 or more")

    def require_fixed_weight(self, section: str) -> None:
        """Refuse a weight that adapts, for an algorithm that cannot adapt it."""
        require(self.weight is not None, f"{section}.exploration.weight", None, "a number")

    @property
    def fixed_weight(self) -> float:
        """The weight of an algorithm that requires a fixed one."""
        assert self.weight is not None
        return self.weight

    def bonus_for(self, problem: Problem, agent: SoftActorCritic | None = None) -> Bonus:
        """The bonus of these settings.

        Args:
            agent: whose weight adapts, where it is to.
        """
        if self.weight is not None:
            return self.bonuses[self.bonus](problem, self.weight)
        assert agent is not None
        return self.bonuses[self.bonus](problem, AutomaticWeight(agent))
