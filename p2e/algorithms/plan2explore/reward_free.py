"""Plan2Explore whose explorer does not see the task's reward (Sekar et al. 2020, section 3).

What the explorer and the world model learn does not depend on the task's reward, to the bit. A task
policy beside them therefore has random streams and an imagination buffer of its own: where it goes
tells of the task.
"""

from dataclasses import replace
from functools import cached_property, partial
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.algorithm import Policy, Problem, Stateful
from p2e.algorithms.plan2explore.joint import Plan2Explore
from p2e.exploration.latent_imagination import Trajectories, imagined_means, joint_trajectories
from p2e.exploration.settings import Config
from p2e.metrics import Metrics
from p2e.replay.buffers import as_transitions
from p2e.replay.mixed_batch import MixedBatch
from p2e.reward_free.adaptation import Adaptation
from p2e.reward_free.replayed_actions import REPLAYED_SHARE, ReplayedActions

EXPLORATION_SHARE = 0.75  # of the steps in "few-shot"; the task policy gathers the others


class RewardFree(Plan2Explore):
    """What the reward-free modes share: explorer, world model, and the rows that these learn from.

    Windows are drawn around rare terminations: a world model that has hardly seen one does not
    predict it, and a policy imagines to go on behind it.
    """

    reward_free: ClassVar[bool] = True

    def __init__(self, problem: Problem, config: Config) -> None:
        super().__init__(problem, replace(config, task_share=0.0))

    def _explorers_part(self, reward: Float[Tensor, "S B"]) -> Float[Tensor, "S B"]:
        """Nothing: the explorer does not see the task's reward."""
        return torch.zeros_like(reward)

    def trajectories(self) -> Trajectories:
        """Random actions take the place of those of a task policy: an explorer that imagines little
        but its own meets the goal of p2e/PointMaze-v0 later, or not at all."""
        random, explorer, task = joint_trajectories(self.config)
        return Trajectories(random + task, explorer)

    def _update_agents(self) -> Metrics:
        return self._update_explorer(self.rows.draw(self.config.agent.batch_size))


class Explore(RewardFree):
    """Mode "explore": no task policy is trained."""


class ZeroShot(RewardFree):
    """Mode "zero-shot": a task policy learns from the world model's predictions alone."""

    def __init__(self, problem: Problem, config: Config) -> None:
        super().__init__(problem, config)
        random, explorer, task = joint_trajectories(config)
        starts = self._generators("task starts")
        self.task_imagination = self._imagination(Trajectories(task=task), starts)
        # Those that are imagined when the explorer has no part in it any more.
        self.lone_trajectories = Trajectories(random, task=explorer + task)
        # The task policy learns from the explorer's imaginations, too.
        self._imagined_at_once = config.imagined_starts + task
        self.task_buffer = self._imagination_buffer(self._imagined_at_once)
        self.task_batches = self._generators("imagined batches")
        self.imagined_for_task = partial(self.task_buffer.sample, self.task_batches)
        self.replayed_actions = ReplayedActions(
            self.world.features,
            self.sac_buffer,
            self.world.rare_share,
            self.task_batches,
            config.agent.discount,
            config.multi_step,
        )
        self.task_rows = MixedBatch(
            self.replayed_actions.draw, self.imagined_for_task, REPLAYED_SHARE
        )

    @cached_property
    def adaptation(self) -> Adaptation:
        """Made when it is due: most runs never adapt, and would carry its agent and its buffer."""
        return Adaptation(
            self._problem,
            self.config,
            self.world,
            self.sac_buffer,
            self.explorer_agent,
            self.task_agent,
            self.lone_trajectories,
            self._imagined_at_once,
            self._settling(self.config.adaptation_updates),
        )

    @property
    def exploration_steps(self) -> int:
        """Environment steps of the exploration."""
        return self._problem.steps

    @property
    def _ending(self) -> bool:
        """Whether an update now is the last of the exploration, so that the task policy adapts."""
        left = self.exploration_steps - self.steps_stored.value
        adapts = self.config.adaptation_updates > 0
        return adapts and 0 <= left < self.config.update_interval

    def imagine(self) -> Metrics:
        if not self._due:
            return {}
        seen = self.world.states.latent, self.world.states.memory
        imagined = [self.imagination.roll_out(seen, self.sac_buffer)]
        if self.task_imagination.trajectories.task > 0:
            rewarding = self.world.reward.states
            imagined.append(self.task_imagination.roll_out(rewarding, self.sac_buffer))
        self.curiosity.scale.update(imagined[0]["disagreement"])
        rows = self.imagination.as_rows(imagined[0])
        self.imagination_buffer.add(rows)
        self.task_buffer.add(rows)
        for steps in imagined[1:]:
            self.task_buffer.add(self.task_imagination.as_rows(steps))
        return imagined_means(imagined)

    def _update_agents(self) -> Metrics:
        return super()._update_agents() | self._update_task_agent(self.task_rows)

    def _update_task_agent(self, of: MixedBatch) -> Metrics:
        rows = of.draw(self.config.agent.batch_size)
        return self.task_agent.update(as_transitions(rows))

    def update_agent(self) -> Metrics:
        metrics = super().update_agent()
        if self._due and self._ending:
            metrics |= self.adaptation.run()
        return metrics

    def components(self) -> dict[str, Stateful]:
        return super().components() | {
            "task_buffer": self.task_buffer,
            "task_starts": self.task_imagination.starts,
            "task_proven": self.task_imagination.proven,
            "task_batches": self.task_batches,
        }


class FewShot(ZeroShot):
    """Mode "few-shot": after the exploration the task policy gathers the data, and learns from
    real rows as well."""

    def __init__(self, problem: Problem, config: Config) -> None:
        super().__init__(problem, config)
        starts = self.task_imagination.starts
        self.lone_imagination = self._imagination(self.lone_trajectories, starts)
        self.few_shot_rows = MixedBatch(
            self.real_steps(pays_curiosity=False).draw, self.imagined_for_task, config.real_share
        )

    @property
    def exploration_steps(self) -> int:
        return round(EXPLORATION_SHARE * self._problem.steps)

    @property
    def _over(self) -> bool:
        """Whether the exploration is over, and the task policy has taken the explorer's place."""
        return self.steps_stored.value >= self.exploration_steps

    @property
    def explorer(self) -> Policy:  # type: ignore[override]
        return self.task_policy if self._over else self.turns

    def learn_world(self) -> Metrics:
        self.world.rare_field = "reward" if self._over else "terminated"
        return super().learn_world()

    def imagine(self) -> Metrics:
        if not (self._over and self._due):
            return super().imagine()
        steps = self.lone_imagination.roll_out(self.world.reward.states, self.sac_buffer)
        self.curiosity.scale.update(steps["disagreement"])
        self.task_buffer.add(self.lone_imagination.as_rows(steps))
        return imagined_means([steps])

    def _update_agents(self) -> Metrics:
        if not self._over:
            return super()._update_agents()
        return self._update_task_agent(self.few_shot_rows)

    def components(self) -> dict[str, Stateful]:
        return super().components() | {"lone_proven": self.lone_imagination.proven}
