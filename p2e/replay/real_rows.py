"""Real rows for an agent, with what makes sparse rewards easier to learn from: returns of several
steps, and a share of the rows drawn where a rare reward was met."""

from collections.abc import Callable
from dataclasses import dataclass

from p2e.batch import TransitionBatch
from p2e.config import require, require_positive
from p2e.nn.generators import SeedGenerators
from p2e.replay.buffers import Fields, RowBuffer, as_transitions
from p2e.replay.n_step_returns import rows_with_returns
from p2e.replay.rare_windows import draw_windows


@dataclass(frozen=True)
class RealRowsConfig:
    """Settings of the real rows that an agent learns from.

    Args:
        multi_step: steps of their returns.
        rare_share: share of the rows whose return reaches a rare reward, where there are any.
    """

    multi_step: int = 1
    rare_share: float = 0.0

    def __post_init__(self) -> None:
        require_positive(self, "real_rows", "multi_step")
        share = self.rare_share
        require(0 <= share <= 1, "real_rows.rare_share", share, "a share in [0, 1]")


class RealRows:
    """Draws real rows of each seed.

    Args:
        pay: adds what steps pay besides the task's reward; before returns are made of the rewards,
            for they are those of single steps.
    """

    def __init__(
        self,
        replay: RowBuffer,
        generators: SeedGenerators,
        config: RealRowsConfig,
        discount: float,
        pay: Callable[[TransitionBatch], TransitionBatch],
    ) -> None:
        self._replay, self._generators, self._config = replay, generators, config
        self._discount, self._pay = discount, pay

    def draw(self, rows: int) -> Fields:
        """So many rows, with their returns: name -> (S, rows, width)."""
        if self._config == RealRowsConfig():
            return self._paid(self._replay.sample(self._generators, rows))
        length, share = self._config.multi_step, self._config.rare_share
        windows, _ = draw_windows(self._replay, "reward", length, rows, share, self._generators)
        steps = windows["reward"].shape[1]
        paid = self._paid({name: x.flatten(1, 2) for name, x in windows.items()})
        windows = {name: x.unflatten(1, (steps, rows)) for name, x in paid.items()}
        return rows_with_returns(windows, ("reward",), self._discount, length)

    def _paid(self, steps: Fields) -> Fields:
        return steps | {"reward": self._pay(as_transitions(steps)).reward.unsqueeze(-1)}
