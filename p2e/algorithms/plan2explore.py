"""Plan2Explore (Sekar et al. 2020), with SAC in the latent space of a GRU world model.

Two agents learn from the same rows. The explorer gathers the data; its reward is the disagreement
of an ensemble about the next latent, plus the task's reward where `task_weight` is above 0. The
task policy learns the task's reward alone, and is what is evaluated. Every batch holds a stated
share of real rows; the others were imagined inside the world model. A task policy that must learn
in the world model alone has, in their place, rows that follow real actions inside of it.
"""

from functools import cached_property, partial

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.agent.soft_actor_critic import SoftActorCritic
from p2e.algorithm import Algorithm, Counter, Policy, Problem, Stateful
from p2e.batch import Transition, TransitionBatch
from p2e.exploration.latent_imagination import LatentImagination
from p2e.exploration.policies import LatentPolicy, TakingTurns
from p2e.exploration.real_steps import RealSteps
from p2e.exploration.settings import MODES, Config
from p2e.metrics import Metrics, with_prefix
from p2e.nn.generators import SeedGenerators
from p2e.nn.normalizers import RunningScale
from p2e.nn.optimizer import LearningRateSchedule
from p2e.replay.buffers import Fields, RowBuffer, as_transitions, real_fields, transition_row
from p2e.replay.mixed_batch import mixed_batch
from p2e.reward_free.adaptation import Adaptation
from p2e.reward_free.replayed_actions import ReplayedActions
from p2e.world.feature_extractor import FeatureExtractor
from p2e.world.world_learner import WorldLearner

__all__ = ["Config", "Plan2Explore", "build"]


class Plan2Explore(Algorithm):
    """World, explorer and task policy, and the buffers that they learn from."""

    def __init__(self, problem: Problem, config: Config) -> None:
        seeds, device = problem.seeds, problem.device
        self._problem = problem
        self.config, self.mode, self._device = config, MODES[config.mode], device
        self._exploration_steps = (
            config.exploration_steps if self.mode.takes_over else problem.steps
        )
        self.updates, self.steps_stored = Counter(), Counter()
        rounds = problem.steps // config.update_interval
        self.world = WorldLearner(
            problem,
            config.world,
            config.pretraining_updates + rounds,
            reward_apart=not self.mode.rewarded,
        )
        self.curiosity = self.world.curiosity
        self.features = FeatureExtractor(self.world.model)
        self.task_scale = RunningScale(len(seeds), decay=0.99, device=device, floor=1.0)
        agent = partial(SoftActorCritic.of_problem, problem, self.features.size, config.agent)
        settling = self._settling(rounds * config.agent_updates)
        self.task_agent, self.explorer_agent = agent("agent", settling), agent("explorer")
        self.task_policy = LatentPolicy(self.task_agent, self.world.model)
        curious = LatentPolicy(self.explorer_agent, self.world.model)
        share = config.task_share if self.mode.rewarded else 0.0
        self.turns = TakingTurns(curious, self.task_policy, share, len(seeds), device)
        sizes = problem.observation_size, problem.action_size, config.world.memory_size
        capacity = min(config.buffer_capacity, problem.steps)
        self.sac_buffer = RowBuffer(len(seeds), capacity, real_fields(*sizes), device)
        agents = self.explorer_agent, self.task_agent
        self.imagination = LatentImagination(problem, config, self.world, *agents)
        self.batches = SeedGenerators(seeds, "batches", device)
        # A blind explorer must not draw other rows for there being a task policy.
        apart = SeedGenerators(seeds, "imagined batches", device)
        self.task_batches = apart if self.mode.imagines_only else self.batches
        returns = config.agent.discount, config.multi_step
        self.real_steps = RealSteps(self.world.model, self.curiosity, self.batches, *returns)
        self.replayed_actions = ReplayedActions(
            self.world.model, config.world.rare_share, self.task_batches, *returns
        )

    def _settling(self, updates: int) -> LearningRateSchedule:
        """The last policy is what counts, and with steps as large as at first it comes and goes."""
        return LearningRateSchedule(
            total_updates=updates, final_fraction=self.config.final_learning_rate
        )

    @cached_property
    def adaptation(self) -> Adaptation:
        """Made when it is due: most runs never adapt, and would carry its agent and its buffer."""
        agents = self.explorer_agent, self.task_agent
        settling = self._settling(self.config.adaptation.updates)
        return Adaptation(self._problem, self.config, self.world, *agents, settling)

    @property
    def _over(self) -> bool:
        """Whether the exploration is over, and the task policy has taken its place."""
        return self.mode.takes_over and self.steps_stored.value >= self._exploration_steps

    @property
    def _ending(self) -> bool:
        """Whether an update now is the last of a blind world, so that its task policy adapts."""
        end = min(self._exploration_steps, self._problem.steps)
        left = end - self.steps_stored.value
        adapts = self.mode.imagines_only and self.config.adaptation.updates > 0
        return adapts and 0 <= left < self.config.update_interval

    @property
    def explorer(self) -> Policy:  # type: ignore[override]
        return self.task_policy if self._over else self.turns

    @property
    def _blind(self) -> bool:
        """Whether whatever the explorer learns from must not depend on the task's reward."""
        return not (self.mode.rewarded or self._over)

    def store(self, transition: Transition) -> None:
        transition = transition.to(self._device)
        self.sac_buffer.add(transition_row(transition))
        self.world.model.normalizer.update(transition.observation.unsqueeze(1))
        self.world.model.reward_range.update(transition.reward.unsqueeze(1))
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
                self.world.update(self.sac_buffer, self._blind)
        self.updates.value += 1
        self.states, metrics = self.world.update(self.sac_buffer, self._blind)
        self.task_scale.update(self.states.reward.abs())
        return metrics

    def imagine(self) -> Metrics:
        if not self._due:
            return {}
        return self.imagination.imagine(self.states, self.sac_buffer, exploring=not self._over)

    def update_agent(self) -> Metrics:
        if not self._due:
            return {}
        metrics: Metrics = {}
        for _ in range(self.config.agent_updates):
            if self.mode.adapts:
                metrics |= self.task_agent.update(self._task_batch(from_real=not self._blind))
            if not self._over:
                explorer = self.explorer_agent.update(self._explorer_batch())
                metrics |= with_prefix("explorer", explorer)
        if self._ending:
            metrics |= self.adaptation.run(self.states, self.sac_buffer)
        return metrics

    def _explorer_batch(self) -> TransitionBatch:
        """A mixed batch with the explorer's reward."""

        def draw_real(rows: int) -> TransitionBatch:
            return self._for_explorer(self._real_transitions(rows, with_disagreement=True))

        def draw_imagined(rows: int) -> TransitionBatch:
            return self._for_explorer(self.imagination.explorer_rows.sample(self.batches, rows))

        size = self.config.agent.batch_size
        return mixed_batch(draw_real, draw_imagined, size, self.config.real_share)

    def _task_batch(self, from_real: bool) -> TransitionBatch:
        """A mixed batch with the reward of the task.

        Args:
            from_real: what is not imagined is real; else it follows real actions in the model.
        """
        imagined, size = self.imagination.rows, self.config.agent.batch_size
        if not from_real:
            share = self.config.replayed_share
            return self.replayed_actions.mixed(self.sac_buffer, imagined, size, share)

        def draw_real(rows: int) -> TransitionBatch:
            return as_transitions(self._real_transitions(rows, with_disagreement=False))

        def draw_imagined(rows: int) -> TransitionBatch:
            return as_transitions(imagined.sample(self.task_batches, rows))

        return mixed_batch(draw_real, draw_imagined, size, self.config.real_share)

    def _real_transitions(self, rows: int, with_disagreement: bool) -> Fields:
        """Random real steps: of the last windows, whose latents are at hand, or of all replay."""
        if self.config.real_from_replay:
            return self.real_steps.of_replay(self.sac_buffer, rows, with_disagreement)
        return self.real_steps.of_states(self.states, rows, with_disagreement)

    def _for_explorer(self, fields: Fields) -> TransitionBatch:
        """Rows with the explorer's reward in place of the task's."""
        rows = as_transitions(fields)
        task = self.task_scale(rows.reward)
        curious = fields["curiosity"].squeeze(-1)
        task_weight = self.config.task_weight if self.mode.rewarded else 0.0
        reward = task_weight * task + self.config.intrinsic_weight * curious
        return rows._replace(reward=reward)

    def intrinsic_reward(self, transition: Transition) -> Float[Tensor, " S"] | None:
        if self.updates.value == 0:
            return None  # nothing is known yet about the scale of the disagreement
        observation = transition.observation.unsqueeze(1).to(self._device)
        action = transition.action.unsqueeze(1).to(self._device)
        latent = self.world.model.encode(observation).detach()
        return self.curiosity.reward(self.curiosity.disagreement(latent, action)).squeeze(1)

    @torch.no_grad()
    def predict(
        self,
        observation: Float[Tensor, "S N O"],
        memory: Float[Tensor, "S N M"],
        action: Float[Tensor, "S N H A"],
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
        names = (
            "world task_agent explorer_agent task_scale sac_buffer batches updates steps_stored "
            "turns"
        )
        if self.mode.imagines_only:
            names += " task_batches"
        own = {name: getattr(self, name) for name in names.split()}
        return own | self.imagination.components()

    def policy_components(self) -> dict[str, Stateful]:
        return {"model": self.world.model, "actor": self.task_agent.actor}


def build(problem: Problem, config: Config) -> Plan2Explore:
    """The algorithm for one group of seeds of one task."""
    return Plan2Explore(problem, config)
