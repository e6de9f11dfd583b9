"""Plan2Explore, joint: the explorer is paid by the task and by curiosity.

Two agents learn from the same rows. The explorer gathers the data; its reward is the disagreement
of an ensemble about the next latent, plus the task's reward. The task policy learns the task's
reward alone, and is what is evaluated. Every batch holds a stated share of real rows; the others
were imagined inside the world model.
"""

from functools import partial
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.agent.soft_actor_critic import SoftActorCritic
from p2e.algorithm import Algorithm, Counter, Memories, Observations, Policy, Problem, Stateful
from p2e.batch import Transition, TransitionBatch
from p2e.exploration.latent_imagination import (
    LatentImagination,
    Trajectories,
    imagination_buffer,
    imagined_means,
    joint_trajectories,
)
from p2e.exploration.policies import LatentPolicy, TakingTurns
from p2e.exploration.real_steps import RealSteps
from p2e.exploration.settings import Config
from p2e.metrics import Metrics, with_prefix
from p2e.nn.generators import SeedGenerators
from p2e.nn.normalizers import RunningScale
from p2e.nn.optimizer import LearningRateSchedule
from p2e.replay.buffers import Fields, RowBuffer, as_transitions, real_fields, transition_row
from p2e.replay.mixed_batch import MixedBatch
from p2e.world.world_learner import WorldLearner


class Plan2Explore(Algorithm):
    """World model, explorer and task policy, and the buffers that they learn from."""

    # Whether what the explorer and the world model learn must not depend on the task's reward.
    reward_free: ClassVar[bool] = False

    def __init__(self, problem: Problem, config: Config) -> None:
        self.config, self._problem, self._device = config, problem, problem.device
        seeds, rounds = len(problem.seeds), problem.steps // config.update_interval
        updates = config.pretraining_updates + rounds
        own = config.world, updates, config.exploration, self.reward_free
        self.world = WorldLearner(problem, *own)
        self.curiosity = self.world.curiosity
        self.task_scale = RunningScale(seeds, decay=0.99, device=self._device, floor=1.0)
        self.task_agent = self._agent("agent", self._settling(rounds * config.agent_updates))
        self.explorer_agent = self._agent("explorer", LearningRateSchedule())
        self.task_policy = LatentPolicy(self.task_agent, self.world.features)
        explorer = LatentPolicy(self.explorer_agent, self.world.features)
        share = config.task_share
        self.turns = TakingTurns(explorer, self.task_policy, share, seeds, self._device)
        self.sac_buffer = self._replay_buffer()
        self.imagination = self._imagination(self.trajectories(), self._generators("starts"))
        at_once = sum(self.imagination.trajectories)
        self.imagination_buffer = self._imagination_buffer(at_once)
        self.batches = self._generators("batches")
        self.rows = MixedBatch(
            self.real_steps(pays_curiosity=True).draw,
            partial(self.imagination_buffer.sample, self.batches),
            config.real_share,
        )
        self.updates, self.steps_stored = Counter(), Counter()

    @property
    def explorer(self) -> Policy:  # type: ignore[override]
        return self.turns

    def trajectories(self) -> Trajectories:
        """Who is followed in imagination, how often."""
        return joint_trajectories(self.config)

    def real_steps(self, pays_curiosity: bool) -> RealSteps:
        """Real rows for the agents, with or without what their steps pay for curiosity."""
        returns = self.config.agent.discount, self.config.multi_step
        return RealSteps(self.world, self.batches, self.sac_buffer, *returns, pays_curiosity)

    def store(self, transition: Transition) -> None:
        transition = transition.to(self._device)
        row = transition_row(transition)
        self.sac_buffer.add(row)
        self.world.model.normalizer.update(transition.observation.unsqueeze(1))
        self.world.model.reward_range.update(transition.reward.unsqueeze(1))
        self.world.bonus.see(as_transitions(row))
        self.turns.step(transition.first, transition.reward)
        self.steps_stored.value += 1

    @property
    def _due(self) -> bool:
        return self.steps_stored.value % self.config.update_interval == 0

    def learn_world(self) -> Metrics:
        if not self._due:
            return {}
        if self.updates.value == 0:
            for _ in range(self.config.pretraining_updates):
                self.world.update(self.sac_buffer)
        self.updates.value += 1
        metrics = self.world.update(self.sac_buffer)
        self.task_scale.update(self.world.states.reward.abs())
        return metrics

    def imagine(self) -> Metrics:
        if not self._due:
            return {}
        seen = self.world.states.latent, self.world.states.memory
        steps = self.imagination.roll_out(seen, self.sac_buffer)
        self.curiosity.scale.update(steps["disagreement"])
        self.imagination_buffer.add(self.imagination.as_rows(steps))
        return imagined_means([steps])

    def update_agent(self) -> Metrics:
        if not self._due:
            return {}
        metrics: Metrics = {}
        for _ in range(self.config.agent_updates):
            metrics |= self._update_agents()
        return metrics

    def _update_agents(self) -> Metrics:
        """One update of each, on the same rows."""
        rows = self.rows.draw(self.config.agent.batch_size)
        return self.task_agent.update(as_transitions(rows)) | self._update_explorer(rows)

    def _update_explorer(self, rows: Fields) -> Metrics:
        return with_prefix("explorer", self.explorer_agent.update(self._for_explorer(rows)))

    def _for_explorer(self, fields: Fields) -> TransitionBatch:
        """Rows with the explorer's reward in place of the task's."""
        rows = as_transitions(fields)
        task, curious = self._explorers_part(rows.reward), fields["curiosity"].squeeze(-1)
        weight = self.config.exploration.fixed_weight
        return rows._replace(reward=task + weight * curious)

    def _explorers_part(self, reward: Float[Tensor, "S B"]) -> Float[Tensor, "S B"]:
        """What the task's reward adds to the explorer's: it is divided by its running mean where
        that is above 1."""
        part: Tensor = self.task_scale(reward)
        return part

    def intrinsic_reward(self, transition: Transition) -> Float[Tensor, " S"] | None:
        if self.updates.value == 0:
            return None  # nothing is known yet about the scale of the disagreement
        rows = as_transitions(transition_row(transition.to(self._device)))
        latent = self.world.model.encode(rows.observation).detach()
        return self.world.intrinsic_reward(latent, rows).squeeze(1)

    def warmup_actions(self) -> Float[Tensor, "S A"] | None:
        return self.explorer_agent.warmup_actions()

    @torch.no_grad()
    def predict(
        self, observation: Observations, memory: Memories, action: Float[Tensor, "S N H A"]
    ) -> Float[Tensor, "S N H O"]:
        """Decoded latents; only the first is an encoded observation."""
        model, predicted = self.world.model, []
        latent = model.encode(observation)
        for t in range(action.shape[2]):
            prediction, memory = model.step(latent, action[:, :, t], memory)
            latent = prediction.next_latent
            predicted.append(model.decode(latent))
        return torch.stack(predicted, dim=2)

    @property
    def agent_updates(self) -> int:
        return self.task_agent.updates

    def components(self) -> dict[str, Stateful]:
        return {
            "world": self.world,
            "task_agent": self.task_agent,
            "explorer_agent": self.explorer_agent,
            "task_scale": self.task_scale,
            "turns": self.turns,
            "sac_buffer": self.sac_buffer,
            "imagination_buffer": self.imagination_buffer,
            "starts": self.imagination.starts,
            "proven": self.imagination.proven,
            "batches": self.batches,
            "updates": self.updates,
            "steps_stored": self.steps_stored,
        }

    def policy_components(self) -> dict[str, Stateful]:
        return {**self.world.model.acting_parts(), "actor": self.task_agent.actor}

    def _generators(self, stream: str) -> SeedGenerators:
        return SeedGenerators(self._problem.seeds, stream, self._device)

    def _agent(self, name: str, schedule: LearningRateSchedule) -> SoftActorCritic:
        return SoftActorCritic.of_problem(
            self._problem,
            self.world.features.size,
            self.config.agent,
            name,
            schedule,
            self.config.exploration.noise,
        )

    def _settling(self, updates: int) -> LearningRateSchedule:
        """The last policy is evaluated; with steps as large as at first it does not settle."""
        return LearningRateSchedule(
            total_updates=updates, final_fraction=self.config.final_learning_rate
        )

    def _replay_buffer(self) -> RowBuffer:
        sizes = self._problem.observation_size, self._problem.action_size
        fields = real_fields(*sizes, self.config.world.memory_size)
        return RowBuffer(len(self._problem.seeds), self._problem.steps, fields, self._device)

    def _imagination_buffer(self, trajectories: int) -> RowBuffer:
        size = self.world.features.size
        return imagination_buffer(self._problem, self.config, size, trajectories)

    def _imagination(self, trajectories: Trajectories, starts: SeedGenerators) -> LatentImagination:
        return LatentImagination(
            self._problem,
            self.config,
            self.world,
            self.explorer_agent,
            self.task_agent,
            trajectories,
            starts,
        )
