"""Plan2Explore (Sekar et al. 2020), with SAC in the latent space of a GRU world model.

Two agents learn from the same rows. The explorer gathers the data; its reward is the disagreement
of an ensemble about the next latent, plus the task's reward where `task_weight` is above 0. The
task policy learns the task's reward alone, and is what is evaluated. Every batch holds a stated
share of real rows; the others were imagined inside the world model.
"""

from dataclasses import dataclass, field
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.algorithm import Algorithm, Counter, Policy, Problem, Stateful
from p2e.batch import Transition, TransitionBatch, pick_rows
from p2e.buffers import Fields, RowBuffer, as_sequences, as_transitions, real_fields, transition_row
from p2e.config import require, require_positive
from p2e.feature_extractor import FeatureExtractor
from p2e.generators import SeedGenerators
from p2e.imagination import roll_out
from p2e.intrinsic_reward import IntrinsicReward
from p2e.metrics import Metrics, with_prefix
from p2e.mixed_batch import mixed_batch
from p2e.normalizer import RunningScale
from p2e.optimizer import LearningRateSchedule, SeedOptimizer
from p2e.soft_actor_critic import SoftActorCritic, SoftActorCriticConfig
from p2e.world_loss import world_loss
from p2e.world_model import WorldModel


@dataclass(frozen=True)
class Config:
    """Settings of Plan2Explore.

    Args:
        agent: of explorer and task policy alike.
        latent_size, memory_size, hidden: sizes of the world model.
        sequences, sequence_length: windows of replay in an update of the world model.
        members, ensemble_hidden: the disagreement ensemble.
        model_learning_rate, model_clip_norm: of world model and ensemble, each on its own.
        model_warmup_updates: linear warm-up of their learning rate, then a cosine to a tenth.
        horizon, imagined_starts: imagined trajectories of an update, half of them the explorer's.
        retained_imaginations: updates for which imagined rows are kept; older latents are stale.
        real_share: of every batch of the agents.
        task_weight, intrinsic_weight: of the two rewards of the explorer, each in units of its
            running mean. A task_weight of 0 explores without any task reward.
        update_interval: environment steps between updates of everything.
        pretraining_updates: of world model and ensemble on the warm-up steps, once.
    """

    agent: SoftActorCriticConfig = field(default_factory=SoftActorCriticConfig)
    latent_size: int = 32
    memory_size: int = 64
    hidden: tuple[int, ...] = (256, 256)
    sequences: int = 32
    sequence_length: int = 8
    members: int = 5
    ensemble_hidden: tuple[int, ...] = (128, 128)
    model_learning_rate: float = 1e-3
    model_clip_norm: float = 1.0
    model_warmup_updates: int = 100
    horizon: int = 5
    imagined_starts: int = 128
    retained_imaginations: int = 4
    real_share: float = 0.25
    task_weight: float = 1.0
    intrinsic_weight: float = 1.0
    update_interval: int = 1
    pretraining_updates: int = 200
    buffer_capacity: int = 1_000_000

    def __post_init__(self) -> None:
        positive = (
            "latent_size memory_size sequences sequence_length members model_learning_rate "
            "model_clip_norm horizon imagined_starts retained_imaginations update_interval "
            "buffer_capacity"
        )
        require_positive(self, "plan2explore", *positive.split())
        share = self.real_share
        require(0 <= share <= 1, "plan2explore.real_share", share, "a share in [0, 1]")
        for key in ("task_weight", "intrinsic_weight", "pretraining_updates"):
            value = getattr(self, key)
            require(value >= 0, f"plan2explore.{key}", value, "0 or more")


class LatentPolicy(Policy):
    """A policy on the features of the world model, with the world model's memory."""

    def __init__(
        self, agent: SoftActorCritic, model: WorldModel, features: FeatureExtractor
    ) -> None:
        self._agent, self._model, self._features = agent, model, features
        self.memory_size = model.memory_size

    def act(
        self,
        observation: Float[Tensor, "S N O"],
        memory: Float[Tensor, "S N M"],
        deterministic: bool,
    ) -> Float[Tensor, "S N A"]:
        return self._agent.act(self._features.of_observation(observation, memory), deterministic)

    @torch.no_grad()
    def remember(
        self,
        observation: Float[Tensor, "S N O"],
        action: Float[Tensor, "S N A"],
        memory: Float[Tensor, "S N M"],
    ) -> Float[Tensor, "S N M"]:
        return self._model.remember(self._model.encode(observation), action, memory)


class Plan2Explore(Algorithm):
    """World model, disagreement ensemble, explorer and task policy."""

    def __init__(self, problem: Problem, config: Config) -> None:
        seeds, device = problem.seeds, problem.device
        self.config = config
        self.updates = Counter()
        self.steps_stored = Counter()
        schedule = LearningRateSchedule(
            config.model_warmup_updates,
            config.pretraining_updates + problem.steps // config.update_interval,
        )
        streams = {
            name: SeedGenerators(seeds, name, device)
            for name in ("world weights", "windows", "ensemble rows", "starts", "batches")
        }
        self._windows, self._starts = streams["windows"], streams["starts"]
        self._batches = streams["batches"]
        observation_size, action_size = problem.observation_size, problem.action_size
        self.model = WorldModel(
            observation_size,
            action_size,
            config.latent_size,
            config.memory_size,
            config.hidden,
            streams["world weights"],
        )
        self.features = FeatureExtractor(self.model)
        optimizer = partial(
            SeedOptimizer,
            learning_rate=config.model_learning_rate,
            clip_norm=config.model_clip_norm,
            schedule=schedule,
        )
        self.model_optimizer = optimizer(self.model.parameters())
        self.curiosity = IntrinsicReward(
            self.features.size,
            action_size,
            config.latent_size,
            config.members,
            config.ensemble_hidden,
            optimizer,
            SeedGenerators(seeds, "ensemble weights", device),
            streams["ensemble rows"],
        )
        self.task_scale = RunningScale(len(seeds), decay=0.99, device=device, floor=1.0)
        self.task_agent = self._agent(problem, "agent")
        self.explorer_agent = self._agent(problem, "explorer")
        self.task_policy = LatentPolicy(self.task_agent, self.model, self.features)
        self.explorer = LatentPolicy(self.explorer_agent, self.model, self.features)
        capacity = min(config.buffer_capacity, problem.steps)
        fields = real_fields(observation_size, action_size, config.memory_size)
        self.sac_buffer = RowBuffer(len(seeds), capacity, fields, device)
        self.imagination_buffer = RowBuffer(
            len(seeds),
            config.retained_imaginations * config.horizon * config.imagined_starts,
            self._imagined_fields(action_size),
            device,
        )

    def _agent(self, problem: Problem, name: str) -> SoftActorCritic:
        return SoftActorCritic(
            self.features.size,
            problem.action_size,
            self.config.agent,
            SeedGenerators(problem.seeds, f"{name} weights", problem.device),
            SeedGenerators(problem.seeds, f"{name} noise", problem.device),
        )

    def _imagined_fields(self, action_size: int) -> dict[str, int]:
        size = self.features.size
        return {
            "observation": size,
            "action": action_size,
            "reward": 1,
            "disagreement": 1,
            "next_observation": size,
            "terminated": 1,
        }

    def store(self, transition: Transition) -> None:
        self.sac_buffer.add(transition_row(transition))
        self.model.normalizer.update(transition.observation.unsqueeze(1))
        self.steps_stored.value += 1

    @property
    def _due(self) -> bool:
        return self.steps_stored.value % self.config.update_interval == 0

    def learn_world(self) -> Metrics:
        if not self._due:
            return {}
        if self.updates.value == 0:
            for _ in range(self.config.pretraining_updates):
                self._update_world()
        self.updates.value += 1
        return self._update_world()

    def _update_world(self) -> Metrics:
        config = self.config
        length = min(config.sequence_length, self.sac_buffer.size)
        windows, slots = self.sac_buffer.sample_windows(self._windows, config.sequences, length)
        losses, metrics, states = world_loss(self.model, as_sequences(windows))
        norm = self.model_optimizer.step(losses)
        # Later windows start from memories as they are now, not as they were when stored.
        self.sac_buffer.write("memory", slots.flatten(1), states.memory)
        change = states.next_latent - states.latent
        features = self.features.of_state(states.latent, states.memory)
        metrics |= self.curiosity.learn(features, states.action, change)
        self.task_scale.update(states.reward.abs())
        self.states = states
        return metrics | {"world_gradient_norm": norm}

    def imagine(self) -> Metrics:
        if not self._due:
            return {}
        states, starts = self.states, self.config.imagined_starts
        rows = self._starts.integers(states.latent.shape[1], starts)
        imagined = roll_out(
            self.model,
            self.features.of_state,
            self._act_in_imagination,
            self.curiosity.disagreement,
            pick_rows(states.latent, rows),
            pick_rows(states.memory, rows),
            self.config.horizon,
            self._starts,
        )
        self.curiosity.scale.update(imagined["disagreement"])
        self.imagination_buffer.add(imagined)
        return {
            "disagreement": imagined["disagreement"].mean(dim=(1, 2)),
            "imagined_reward": imagined["reward"].mean(dim=(1, 2)),
        }

    def _act_in_imagination(self, features: Float[Tensor, "S N F"]) -> Float[Tensor, "S N A"]:
        """The explorer acts in the first half of the trajectories, the task policy in the rest."""
        half = features.shape[1] // 2
        explored = self.explorer_agent.act(features[:, :half], deterministic=False)
        exploited = self.task_agent.act(features[:, half:], deterministic=False)
        return torch.cat([explored, exploited], dim=1)

    def update_agent(self) -> Metrics:
        if not self._due:
            return {}
        metrics = self.task_agent.update(self._batch(for_explorer=False))
        explorer = self.explorer_agent.update(self._batch(for_explorer=True))
        return metrics | with_prefix("explorer", explorer)

    def _batch(self, for_explorer: bool) -> TransitionBatch:
        """A mixed batch with the reward of the task, or with the explorer's."""
        to_batch = self._for_explorer if for_explorer else as_transitions

        def draw_imagined(rows: int) -> TransitionBatch:
            return to_batch(self.imagination_buffer.sample(self._batches, rows))

        def draw_real(rows: int) -> TransitionBatch:
            return to_batch(self._real_transitions(rows, for_explorer))

        agent = self.config.agent
        return mixed_batch(draw_real, draw_imagined, agent.batch_size, self.config.real_share)

    def _real_transitions(self, rows: int, with_disagreement: bool) -> Fields:
        """Random steps of the last batch of sequences, which was encoded by the present model."""
        states = self.states
        picked = self._batches.integers(states.latent.shape[1], rows)
        fields = {
            name: pick_rows(x if x.dim() == 3 else x.unsqueeze(-1), picked)
            for name, x in states._asdict().items()
        }
        of_state = self.features.of_state
        fields["observation"] = of_state(fields["latent"], fields["memory"])
        fields["next_observation"] = of_state(fields["next_latent"], fields["next_memory"])
        if with_disagreement:
            disagreement = self.curiosity.disagreement(fields["observation"], fields["action"])
            fields["disagreement"] = disagreement.unsqueeze(-1)
        return fields

    def _for_explorer(self, fields: Fields) -> TransitionBatch:
        """Rows with the explorer's reward in place of the task's."""
        rows = as_transitions(fields)
        curious = self.curiosity.reward(fields["disagreement"].squeeze(-1))
        task = self.task_scale(rows.reward)
        weights = self.config.task_weight, self.config.intrinsic_weight
        return rows._replace(reward=weights[0] * task + weights[1] * curious)

    def intrinsic_reward(self, transition: Transition) -> Float[Tensor, " S"]:
        observation, memory = transition.observation.unsqueeze(1), transition.memory.unsqueeze(1)
        features = self.features.of_observation(observation, memory)
        action = transition.action.unsqueeze(1)
        return self.curiosity.reward(self.curiosity.disagreement(features, action)).squeeze(1)

    @property
    def agent_updates(self) -> int:
        return self.task_agent.updates

    def components(self) -> dict[str, Stateful]:
        return {
            "model": self.model,
            "model_optimizer": self.model_optimizer,
            "curiosity": self.curiosity,
            "task_agent": self.task_agent,
            "explorer_agent": self.explorer_agent,
            "task_scale": self.task_scale,
            "sac_buffer": self.sac_buffer,
            "imagination_buffer": self.imagination_buffer,
            "windows": self._windows,
            "starts": self._starts,
            "batches": self._batches,
            "updates": self.updates,
            "steps_stored": self.steps_stored,
        }

    def policy_components(self) -> dict[str, Stateful]:
        return {"model": self.model, "actor": self.task_agent.actor}


def build(problem: Problem, config: Config) -> Plan2Explore:
    """The algorithm for one group of seeds of one task."""
    torch.set_flush_denormal(True)  # denormal numbers cost much and mean nothing here
    return Plan2Explore(problem, config)
