"""Plan2Explore (Sekar et al. 2020), with SAC in the latent space of a GRU world model.

Two agents learn from the same rows. The explorer gathers the data; its reward is the disagreement
of an ensemble about the next latent, plus the task's reward where `task_weight` is above 0. The
task policy learns the task's reward alone, and is what is evaluated. Every batch holds a stated
share of real rows; the others were imagined inside the world model.
"""

from functools import partial
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.algorithm import Algorithm, Counter, Policy, Problem, Stateful
from p2e.batch import Transition, TransitionBatch, pick_rows
from p2e.buffers import Fields, RowBuffer, as_transitions, real_fields, transition_row
from p2e.exploration_mode import MODES
from p2e.feature_extractor import FeatureExtractor
from p2e.generators import SeedGenerators
from p2e.imagination import roll_out
from p2e.latent_policy import LatentPolicy
from p2e.metrics import Metrics, with_prefix
from p2e.mixed_batch import mixed_batch
from p2e.multi_step import multi_step
from p2e.normalizer import RunningScale
from p2e.optimizer import LearningRateSchedule
from p2e.plan2explore_config import Config
from p2e.promising_starts import best_of_each
from p2e.real_steps import RealSteps
from p2e.soft_actor_critic import SoftActorCritic
from p2e.taking_turns import TakingTurns
from p2e.world_learner import WorldLearner

CANDIDATES = 8  # states, of which the most promising starts an imagination

__all__ = ["Config", "Plan2Explore", "build"]


class Trajectories(NamedTuple):
    """How many trajectories of an imagination follow what, in this order."""

    undirected: int = 0  # random actions
    curious: int = 0  # the explorer
    tasked: int = 0  # the task policy


class Plan2Explore(Algorithm):
    """World, explorer and task policy, and the two buffers that they learn from."""

    def __init__(self, problem: Problem, config: Config) -> None:
        seeds, device = problem.seeds, problem.device
        self.config, self.mode = config, MODES[config.mode]
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
        # The last policy is what counts, and with steps as large as at first it comes and goes.
        settling = LearningRateSchedule(
            total_updates=rounds * config.agent_updates,
            final_fraction=config.final_learning_rate,
        )
        self.task_agent, self.explorer_agent = agent("agent", settling), agent("explorer")
        self.task_policy = LatentPolicy(self.task_agent, self.world.model)
        curious = LatentPolicy(self.explorer_agent, self.world.model)
        share = config.task_share if self.mode.rewarded else 0.0
        self.turns = TakingTurns(curious, self.task_policy, share, len(seeds), device)
        sizes = problem.observation_size, problem.action_size, config.world.memory_size
        capacity = min(config.buffer_capacity, problem.steps)
        self.sac_buffer = RowBuffer(len(seeds), capacity, real_fields(*sizes), device)
        imagined = self._imagined_fields(problem.action_size)
        retained = config.retained_imaginations * config.horizon
        most = retained * config.imagined_starts
        self.imagination_buffer = RowBuffer(len(seeds), most, imagined, device)
        # Where the task policy goes tells of the task: an explorer that is blind to it learns from
        # none of those rows.
        self.explorer_imaginations = self.imagination_buffer
        if self._task_apart:
            first, _ = self._groups
            most = retained * sum(first)
            self.explorer_imaginations = RowBuffer(len(seeds), most, imagined, device)
        self.starts = SeedGenerators(seeds, "starts", device)
        self.batches = SeedGenerators(seeds, "batches", device)
        returns = config.agent.discount, config.multi_step
        self.real_steps = RealSteps(self.world.model, self.curiosity, self.batches, *returns)

    @property
    def _over(self) -> bool:
        """Whether the exploration is over, and the task policy has taken its place."""
        return self.mode.takes_over and (self.steps_stored.value >= self.config.exploration_steps)

    @property
    def explorer(self) -> Policy:  # type: ignore[override]
        return self.task_policy if self._over else self.turns

    @property
    def _blind(self) -> bool:
        """Whether whatever the explorer learns from must not depend on the task's reward."""
        return not (self.mode.rewarded or self._over)

    @property
    def _task_apart(self) -> bool:
        """Whether the task policy imagines apart from a blind explorer."""
        return self._blind and self.mode.adapts

    def _imagined_fields(self, action_size: int) -> dict[str, int]:
        seen = {"observation": self.features.size, "next_observation": self.features.size}
        return seen | {"action": action_size, "reward": 1, "curiosity": 1, "terminated": 1}

    def store(self, transition: Transition) -> None:
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
        groups = self._groups
        imagined = [self._roll_out(group) for group in groups]
        self.curiosity.scale.update(imagined[0]["disagreement"])
        reaching = [self._as_rows(*pair) for pair in zip(imagined, groups, strict=True)]
        for rows in reaching:
            self.imagination_buffer.add(rows)
        if self._task_apart:
            self.explorer_imaginations.add(reaching[0])
        means = {"disagreement": "disagreement", "imagined_reward": "reward"}
        return {
            name: torch.cat([rows[field] for rows in imagined], dim=2).mean(dim=(1, 2, 3))
            for name, field in means.items()
        }

    @property
    def _groups(self) -> list[Trajectories]:
        """What is imagined together; the explorer's trajectories are in the first group.

        A trajectory that ends starts again from any start of its group. The task policy's are a
        group apart where a blind explorer must not learn from what it does.
        """
        undirected = round(self.config.imagined_starts * self.config.random_share)
        directed = self.config.imagined_starts - undirected
        if self._over:
            return [Trajectories(undirected, tasked=directed)]
        curious = directed // 2 if self.mode.adapts else directed
        if self._task_apart:
            return [Trajectories(undirected, curious), Trajectories(tasked=directed - curious)]
        return [Trajectories(undirected, curious, directed - curious)]

    def _roll_out(self, group: Trajectories) -> dict[str, Tensor]:
        return roll_out(
            self.world.model,
            self.features.of_state,
            partial(self._act_in_imagination, group),
            self.curiosity.disagreement,
            *self._imagination_starts(group),
            self.config.horizon,
            self.starts,
        )

    def _as_rows(self, imagined: dict[str, Tensor], group: Trajectories) -> Fields:
        """Imagined steps as rows of the buffer: paid for curiosity, with multi-step returns."""
        disagreement = imagined["disagreement"]
        steps = {name: imagined[name] for name in imagined if name != "disagreement"}
        steps["curiosity"] = self.curiosity.reward(disagreement)
        reaching = multi_step(
            steps,
            ("reward", "curiosity"),
            self.config.agent.discount,
            self.config.multi_step,
            group.undirected,
        )
        return {name: x.flatten(1, 2) for name, x in reaching.items()}

    def _imagination_starts(
        self, group: Trajectories
    ) -> tuple[Float[Tensor, "S N L"], Float[Tensor, "S N M"]]:
        """Latents and memories: random states of the last windows; each policy's promising ones."""
        parts = [self._random_starts(group.undirected)]
        policies = (self.explorer_agent, group.curious), (self.task_agent, group.tasked)
        for agent, number in policies:
            promising = round(number * self.config.promising_share)
            parts.append(self._random_starts(number - promising))
            if promising:
                parts.append(self._promising_starts(agent, promising))
        latents, memories = zip(*parts, strict=True)
        return torch.cat(latents, dim=1), torch.cat(memories, dim=1)

    def _random_starts(self, number: int) -> tuple[Tensor, Tensor]:
        rows = self.starts.integers(self.states.latent.shape[1], number)
        return pick_rows(self.states.latent, rows), pick_rows(self.states.memory, rows)

    def _promising_starts(self, agent: SoftActorCritic, number: int) -> tuple[Tensor, Tensor]:
        """The best of CANDIDATES states each, drawn from all of the replay."""
        rows = self.sac_buffer.sample(self.starts, number * CANDIDATES)
        latent, memory = self.world.model.encode(rows["observation"]).detach(), rows["memory"]
        best = best_of_each(agent.value(self.features.of_state(latent, memory)), number)
        return pick_rows(latent, best), pick_rows(memory, best)

    def _act_in_imagination(
        self, group: Trajectories, features: Float[Tensor, "S N F"]
    ) -> Float[Tensor, "S N A"]:
        """Random actions in the first trajectories; the policies that learn share the rest."""
        _, for_explorer, for_task = features.split(group, dim=1)
        width = self.sac_buffer.widths["action"]
        return torch.cat(
            [
                self.starts.uniform(-1.0, 1.0, group.undirected, width),
                self.explorer_agent.act(for_explorer, deterministic=False),
                self.task_agent.act(for_task, deterministic=False),
            ],
            dim=1,
        )

    def update_agent(self) -> Metrics:
        if not self._due:
            return {}
        metrics: Metrics = {}
        for _ in range(self.config.agent_updates):
            if self.mode.adapts:
                metrics |= self.task_agent.update(self._batch(for_explorer=False))
            if not self._over:
                explorer = self.explorer_agent.update(self._batch(for_explorer=True))
                metrics |= with_prefix("explorer", explorer)
        return metrics

    def _batch(self, for_explorer: bool) -> TransitionBatch:
        """A mixed batch with the reward of the task, or with the explorer's."""
        to_batch = self._for_explorer if for_explorer else as_transitions
        imaginations = self.explorer_imaginations if for_explorer else self.imagination_buffer

        def draw_imagined(rows: int) -> TransitionBatch:
            return to_batch(imaginations.sample(self.batches, rows))

        def draw_real(rows: int) -> TransitionBatch:
            return to_batch(self._real_transitions(rows, for_explorer))

        blind = self.mode.imagines_only and not (for_explorer or self._over)
        real_share = 0.0 if blind else self.config.real_share
        return mixed_batch(draw_real, draw_imagined, self.config.agent.batch_size, real_share)

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
        latent = self.world.model.encode(transition.observation.unsqueeze(1)).detach()
        action = transition.action.unsqueeze(1)
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
            "world task_agent explorer_agent task_scale sac_buffer imagination_buffer starts "
            "batches updates steps_stored turns"
        )
        if self.explorer_imaginations is not self.imagination_buffer:
            names += " explorer_imaginations"
        return {name: getattr(self, name) for name in names.split()}

    def policy_components(self) -> dict[str, Stateful]:
        return {"model": self.world.model, "actor": self.task_agent.actor}


def build(problem: Problem, config: Config) -> Plan2Explore:
    """The algorithm for one group of seeds of one task."""
    return Plan2Explore(problem, config)
