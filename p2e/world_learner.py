"""Learning the world: one update of the world model and of the disagreement ensemble."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from p2e.algorithm import Problem, load_state_of, state_of
from p2e.batch import SequenceBatch
from p2e.buffers import RowBuffer, as_sequences
from p2e.config import require, require_positive
from p2e.feature_extractor import FeatureExtractor
from p2e.generators import SeedGenerators
from p2e.intrinsic_reward import IntrinsicReward
from p2e.metrics import Metrics
from p2e.optimizer import LearningRateSchedule, SeedOptimizer
from p2e.rare_rewards import window_starts
from p2e.world_loss import WorldStates, world_loss
from p2e.world_model import WorldModel


@dataclass(frozen=True)
class WorldConfig:
    """Settings of world model and ensemble.

    Args:
        latent_size, memory_size, hidden: sizes of the world model.
        sequences, sequence_length: windows of replay in one update.
        rare_share: of the windows, drawn around rare rewards, where there are any.
        members, ensemble_hidden: the disagreement ensemble.
        learning_rate, clip_norm: of world model and ensemble, each clipped on its own.
        warmup_updates: linear warm-up of the learning rate; then half a cosine, to a tenth.
    """

    latent_size: int = 32
    memory_size: int = 64
    hidden: tuple[int, ...] = (256, 256)
    sequences: int = 32
    sequence_length: int = 8
    rare_share: float = 0.25
    members: int = 5
    ensemble_hidden: tuple[int, ...] = (128, 128)
    learning_rate: float = 1e-3
    clip_norm: float = 1.0
    warmup_updates: int = 100

    def __post_init__(self) -> None:
        names = "latent_size memory_size sequences sequence_length members learning_rate clip_norm"
        require_positive(self, "world", *names.split())
        share = self.rare_share
        require(0 <= share <= 1, "world.rare_share", share, "a share in [0, 1]")


class WorldLearner:
    """World model, feature extractor and ensemble, with their optimizers.

    Args:
        total_updates: of the run, for the learning rate's schedule.
    """

    def __init__(self, problem: Problem, config: WorldConfig, total_updates: int) -> None:
        seeds, device = problem.seeds, problem.device
        self.config = config
        self.model = WorldModel(
            problem.observation_size,
            problem.action_size,
            config.latent_size,
            config.memory_size,
            config.hidden,
            SeedGenerators(seeds, "world weights", device),
        )
        self.features = FeatureExtractor(self.model)
        optimizer = partial(
            SeedOptimizer,
            learning_rate=config.learning_rate,
            clip_norm=config.clip_norm,
            schedule=LearningRateSchedule(config.warmup_updates, total_updates),
        )
        self.optimizer = optimizer(self.model.parameters())
        self.curiosity = IntrinsicReward(
            self.features.size,
            problem.action_size,
            config.latent_size,
            config.members,
            config.ensemble_hidden,
            optimizer,
            SeedGenerators(seeds, "ensemble weights", device),
            SeedGenerators(seeds, "ensemble rows", device),
        )
        self.windows = SeedGenerators(seeds, "windows", device)

    def update(self, buffer: RowBuffer) -> tuple[WorldStates, Metrics]:
        """One update of each from windows of real transitions, and the states of those windows."""
        length = min(self.config.sequence_length, buffer.size)
        reward = buffer.in_order("reward").squeeze(-1)
        config = self.config
        start = window_starts(reward, length, config.sequences, config.rare_share, self.windows)
        windows, slots = buffer.windows(start, length)
        batch = as_sequences(windows)
        self._measure_changes(batch)
        losses, metrics, states = world_loss(self.model, batch)
        norm = self.optimizer.step(losses)
        # Later windows start from memories as they are now, not as they were when stored.
        buffer.write("memory", slots.flatten(1), states.memory)
        change = states.next_latent - states.latent
        self.model.latent_change.update(change.flatten(1).unsqueeze(-1))
        features = self.features.of_state(states.latent, states.memory)
        target = change / self.model.latent_change.scale
        metrics |= self.curiosity.learn(features, states.action, target)
        return states, metrics | {"world_gradient_norm": norm}

    def _measure_changes(self, batch: SequenceBatch) -> None:
        normalizer = self.model.normalizer
        change = normalizer(batch.next_observation) - normalizer(batch.observation)
        self.model.observation_change.update(change.flatten(1, 2))

    def state_dict(self) -> dict[str, Any]:
        return state_of({name: getattr(self, name) for name in self._PARTS})

    def load_state_dict(self, state: dict[str, Any]) -> None:
        load_state_of({name: getattr(self, name) for name in self._PARTS}, state)

    _PARTS = ("model", "optimizer", "curiosity", "windows")
