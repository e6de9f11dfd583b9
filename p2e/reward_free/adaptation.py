"""Adapting to the task when a blind exploration is over (Sekar et al. 2020, section 3)."""

from dataclasses import replace

from p2e.agent.soft_actor_critic import SoftActorCritic
from p2e.algorithm import Problem
from p2e.exploration.latent_imagination import LatentImagination
from p2e.exploration.settings import Config
from p2e.metrics import Metrics
from p2e.nn.generators import SeedGenerators
from p2e.nn.optimizer import LearningRateSchedule
from p2e.replay.buffers import RowBuffer
from p2e.reward_free.error_discount import Doubt
from p2e.reward_free.replayed_actions import ReplayedActions
from p2e.world.feature_extractor import FeatureExtractor
from p2e.world.world_learner import WorldLearner
from p2e.world.world_loss import WorldStates


class Adaptation:
    """A task policy drawn anew learns in the world as it has become, where nothing is real.

    One that learned while the world did holds on to what an earlier world promised. All of it
    happens within one step of the run, so that it has no state to be saved.

    Args:
        explorer, task_agent: of the run; the second is what is drawn anew.
        schedule: of its learning rates.
    """

    def __init__(
        self,
        problem: Problem,
        config: Config,
        world: WorldLearner,
        explorer: SoftActorCritic,
        task_agent: SoftActorCritic,
        schedule: LearningRateSchedule,
    ) -> None:
        self._config, self._world, self._task_agent = config, world, task_agent
        own, size = config.adaptation, FeatureExtractor(world.model).size
        self.fresh_agent = SoftActorCritic.of_problem(
            problem, size, config.agent, "adapting agent", schedule
        )
        self._doubt = Doubt(
            world.model,
            problem.action_size,
            config.world,
            own.doubt,
            config.agent.discount,
            LearningRateSchedule(total_updates=own.updates),
            SeedGenerators(problem.seeds, "doubt weights", problem.device),
            SeedGenerators(problem.seeds, "doubt rows", problem.device),
        )
        self._imagination = LatentImagination(
            problem,
            replace(config, multi_step=own.multi_step),
            world,
            explorer,
            task_agent,
            "adaptation starts",
            own.continued_share,
            self._doubt.delayed,
        )
        draws = SeedGenerators(problem.seeds, "adaptation batches", problem.device)
        returns = config.agent.discount, own.multi_step
        self._replayed_actions = ReplayedActions(
            world.model, config.world.rare_share, draws, *returns, self._doubt.delayed
        )

    def run(self, states: WorldStates, replay: RowBuffer) -> Metrics:
        """All updates of reward heads and task policy, and the metrics of the last.

        Args:
            states: of the last windows that the world learned from. (A task policy apart from the
                explorer starts from those of the reward's rows in their place.)
        """
        config, agent, imagination = self._config, self._task_agent, self._imagination
        metrics = self._doubt.learn(replay, config.adaptation.updates)
        with agent.anew(self.fresh_agent), self._world.reward_aside():
            while agent.updates < config.adaptation.updates:
                metrics |= self._world.learn_reward(replay)
                metrics |= imagination.imagine(states, replay, exploring=False)
                for _ in range(config.agent_updates):
                    mixed = config.agent.batch_size, config.replayed_share
                    batch = self._replayed_actions.mixed(replay, imagination.rows, *mixed)
                    metrics |= agent.update(batch)
        return metrics
