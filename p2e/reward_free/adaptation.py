"""Adapting to the task after a reward-free exploration (Sekar et al. 2020, section 3)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from p2e.agent.soft_actor_critic import SoftActorCritic
from p2e.algorithm import Problem
from p2e.exploration.latent_imagination import Trajectories, imagination_buffer, imagined_means
from p2e.exploration.settings import Config
from p2e.metrics import Metrics
from p2e.nn.generators import SeedGenerators
from p2e.nn.optimizer import LearningRateSchedule
from p2e.replay.buffers import RowBuffer, as_transitions
from p2e.replay.mixed_batch import MixedBatch
from p2e.reward_free.continued_starts import ContinuedImagination
from p2e.reward_free.error_discount import ErrorDiscount
from p2e.reward_free.replayed_actions import REPLAYED_SHARE, ReplayedActions
from p2e.world.world_learner import WorldLearner

MULTI_STEP = 5  # steps of the returns, in place of plan2explore.multi_step


class Adaptation:
    """A reinitialised task policy learns in the world model as it has become, from no real row.

    A task policy that was trained while the world model changed keeps to what an earlier model
    predicted. All of the adaptation happens within one step of the run: there is no state to save.

    Args:
        replay: of real steps.
        explorer, task_agent: of the run; the second is what is reinitialised.
        trajectories: that are imagined at once.
        capacity: of the imagination buffer, in trajectories an imagination.
        schedule: of the learning rates of the reinitialised agent.
    """

    def __init__(
        self,
        problem: Problem,
        config: Config,
        world: WorldLearner,
        replay: RowBuffer,
        explorer: SoftActorCritic,
        task_agent: SoftActorCritic,
        trajectories: Trajectories,
        capacity: int,
        schedule: LearningRateSchedule,
    ) -> None:
        self._problem, self._config, self._world, self._replay = problem, config, world, replay
        self._task_agent = task_agent
        self.fresh_agent = SoftActorCritic.of_problem(
            problem, world.features.size, config.agent, "adapting agent", schedule
        )
        self.error_discount = self._make_error_discount()
        self.imagination = ContinuedImagination(
            problem,
            replace(config, multi_step=MULTI_STEP),
            world,
            explorer,
            task_agent,
            trajectories,
            self._generators("task adaptation starts"),
        )
        self.imagination_buffer = imagination_buffer(problem, config, world.features.size, capacity)
        draws = self._generators("adaptation batches")
        self.replayed_actions = ReplayedActions(
            world.features,
            replay,
            world.rare_share,
            draws,
            config.agent.discount,
            MULTI_STEP,
            self.error_discount.apply,
        )
        imagined = partial(self.imagination_buffer.sample, draws)
        self.batch = MixedBatch(self.replayed_actions.draw, imagined, REPLAYED_SHARE)

    def _make_error_discount(self) -> ErrorDiscount:
        config = self._config
        return ErrorDiscount(
            self._world.features,
            self._problem.action_size,
            config.world,
            config.agent.discount,
            LearningRateSchedule(total_updates=config.adaptation_updates),
            self._generators("error discount weights"),
            self._generators("error discount rows"),
        )

    def _generators(self, stream: str) -> SeedGenerators:
        return SeedGenerators(self._problem.seeds, stream, self._problem.device)

    def run(self) -> Metrics:
        """All updates of reward heads and task policy, and the metrics of the last."""
        updates, size = self._config.adaptation_updates, self._config.agent.batch_size
        metrics = self.error_discount.learn(self._replay, updates)
        with (
            replaced(self._task_agent, self.fresh_agent),
            self._world.reward.optimizer.keep_schedule(),
        ):
            while self._task_agent.updates < updates:
                metrics |= self._world.reward.update(self._replay)
                metrics |= self._imagine()
                for _ in range(self._config.agent_updates):
                    batch = as_transitions(self.batch.draw(size))
                    metrics |= self._task_agent.update(batch)
        return metrics

    def _imagine(self) -> Metrics:
        steps = self.imagination.roll_out(self._world.reward.states, self._replay)
        self._world.curiosity.scale.update(steps["disagreement"])
        rows = self.imagination.as_rows(self.error_discount.apply(steps))
        self.imagination_buffer.add(rows)
        return imagined_means([steps])


@contextmanager
def replaced(agent: SoftActorCritic, fresh: SoftActorCritic) -> Iterator[None]:
    """Within, an agent has the weights, random streams and schedule of another.

    Afterwards it keeps the weights, counts the updates of both, and its schedule goes on from where
    it was before.
    """
    updates, unscheduled, schedule = agent.updates, agent.unscheduled_updates, agent.schedule
    agent.load_state_dict(fresh.state_dict())
    agent.schedule = fresh.schedule
    yield
    agent.unscheduled_updates = unscheduled + agent.updates
    agent.updates += updates
    agent.schedule = schedule
