"""Learning a world model that does not depend on the task's reward."""

from contextlib import AbstractContextManager

from p2e.algorithm import Problem, Stateful
from p2e.curiosity.settings import ExplorationConfig
from p2e.metrics import Metrics
from p2e.nn.generators import SeedGenerators
from p2e.replay.buffers import RowBuffer
from p2e.reward_free.reward_heads import RewardHeads, RewardLearner
from p2e.world.imagination import Starts
from p2e.world.world_learner import WorldConfig, WorldLearner

HEADS = 5  # of which the lowest prediction counts


class RewardFreeWorldLearner(WorldLearner):
    """The world model learns nothing from the reward. Heads of their own do, from other rows.

    Its windows are drawn around rare terminations: a world model that has hardly seen one does not
    predict it, and a policy imagines to go on behind it.
    """

    rare_field = "terminated"

    def __init__(
        self,
        problem: Problem,
        config: WorldConfig,
        total_updates: int,
        exploration: ExplorationConfig | None = None,
    ) -> None:
        super().__init__(problem, config, total_updates, exploration)
        sizes = problem.observation_size, problem.action_size
        heads = RewardHeads(HEADS, *sizes, config.hidden, self._weights)
        self.model.reward_predictor = heads
        draws = SeedGenerators(problem.seeds, "reward rows", problem.device)
        self.reward = RewardLearner(
            self.model, heads, self._make_optimizer, config.rare_share, draws
        )

    def update(self, replay: RowBuffer) -> Metrics:
        return super().update(replay) | self.learn_reward(replay)

    def learn_reward(self, replay: RowBuffer) -> Metrics:
        """One update of the reward heads alone."""
        return self.reward.update(replay)

    def keep_reward_schedule(self) -> AbstractContextManager[None]:
        """Afterwards the learning rate of the reward heads goes on from where it was."""
        return self.reward.optimizer.keep_schedule()

    @property
    def rewarding_states(self) -> Starts:
        """Latents and memories of the last rows on which the reward heads were updated."""
        return self.reward.states

    def _parts(self) -> dict[str, Stateful]:
        return super()._parts() | {"reward": self.reward}
