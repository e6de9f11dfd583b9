"""Learning the world: one update of the world model and of the disagreement ensemble."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any

from jaxtyping import Float, Int64
from torch import Tensor

from p2e.algorithm import Problem, Stateful, load_state_of, state_of
from p2e.batch import SequenceBatch
from p2e.config import require, require_positive
from p2e.curiosity.disagreement import IntrinsicReward
from p2e.metrics import Metrics
from p2e.nn.generators import SeedGenerators
from p2e.nn.optimizer import LearningRateSchedule, SeedOptimizer
from p2e.replay.buffers import RowBuffer, as_sequences
from p2e.replay.rare_windows import draw_windows
from p2e.reward_free.reward_learner import RewardLearner
from p2e.world.world_loss import WorldStates, world_loss
from p2e.world.world_model import WorldModel

DISAGREEMENTS = ("latent", "observation", "untrained")


@dataclass(frozen=True)
class WorldConfig:
    """Settings of world model and ensemble.

    Args:
        latent_size, memory_size, hidden: sizes of the world model.
        sequences, sequence_length: windows of replay in one update.
        rare_share: of the windows, drawn around rare rewards, where there are any; of a world that
            must not know of the reward, around rare ends.
        members, ensemble_hidden: the disagreement ensemble.
        disagreement: what the ensemble disagrees about: how the "latent" changes in a step, or the
            "observation"; "untrained" keeps its initial weights, so that its disagreement about the
            latent's change says nothing about what was learnt (for ablations).
        unknown: times its running mean, from which on disagreement pays; what is better known pays
            nothing. Contacts, which are never quite learnt, stay below 2.
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
    disagreement: str = "latent"
    unknown: float = 2.0
    learning_rate: float = 1e-3
    clip_norm: float = 1.0
    warmup_updates: int = 100

    def __post_init__(self) -> None:
        sizes = "latent_size memory_size hidden ensemble_hidden members sequences sequence_length"
        require_positive(self, "world", *sizes.split(), "learning_rate", "clip_norm", "unknown")
        share = self.rare_share
        require(0 <= share <= 1, "world.rare_share", share, "a share in [0, 1]")
        known = f"one of {', '.join(map(repr, DISAGREEMENTS))}"
        require(self.disagreement in DISAGREEMENTS, "world.disagreement", self.disagreement, known)


class WorldLearner:
    """World model and ensemble, with their optimizers.

    Args:
        total_updates: of the run, for the learning rate's schedule.
        reward_apart: the world does not learn from the reward; heads of its own do, as many as the
            ensemble has members, from rows of their own.
    """

    def __init__(
        self,
        problem: Problem,
        config: WorldConfig,
        total_updates: int,
        reward_apart: bool = False,
    ) -> None:
        seeds, device = problem.seeds, problem.device
        self.config = config
        self.model = WorldModel(
            problem.observation_size,
            problem.action_size,
            config.latent_size,
            config.memory_size,
            config.hidden,
            SeedGenerators(seeds, "world weights", device),
            config.members if reward_apart else 0,
        )
        optimizer = partial(
            SeedOptimizer,
            learning_rate=config.learning_rate,
            clip_norm=config.clip_norm,
            schedule=LearningRateSchedule(config.warmup_updates, total_updates),
        )
        self.optimizer = optimizer(self.model.world_parameters())
        about_observations = config.disagreement == "observation"
        predicted = problem.observation_size if about_observations else config.latent_size
        self.curiosity = IntrinsicReward(
            config.latent_size,
            problem.action_size,
            predicted,
            config.members,
            config.ensemble_hidden,
            optimizer,
            SeedGenerators(seeds, "ensemble weights", device),
            SeedGenerators(seeds, "ensemble rows", device),
            config.unknown,
        )
        self.windows = SeedGenerators(seeds, "windows", device)
        self.reward: RewardLearner | None = None
        if self.model.reward_heads is not None:
            draws = config.rare_share, SeedGenerators(seeds, "reward rows", device)
            self.reward = RewardLearner(self.model, self.model.reward_heads, optimizer, *draws)

    def update(self, buffer: RowBuffer, blind: bool = False) -> tuple[WorldStates, Metrics]:
        """One update of each from windows of real transitions, and the states of those windows.

        Args:
            blind: draw the windows without a look at their rewards.
        """
        batch, slots = self._draw(buffer, "terminated" if blind else "reward")
        observation_change = self._measure_changes(batch)
        if self.reward is None:
            self.model.measure_reward(batch.reward)
        losses, metrics, states = world_loss(self.model, batch)
        norm = self.optimizer.step(losses)
        # Later windows start from memories as they are now, not as they were when stored.
        buffer.write("memory", slots.flatten(1), states.memory)
        change = states.next_latent - states.latent
        self.model.latent_change.update(change.flatten(1).unsqueeze(-1))
        metrics |= self._learn_to_disagree(states, change, observation_change)
        return states, metrics | self.learn_reward(buffer) | {"world_gradient_norm": norm}

    def learn_reward(self, buffer: RowBuffer) -> Metrics:
        """One update of the reward's heads, where it has any apart, and of nothing else."""
        return {} if self.reward is None else self.reward.update(buffer)

    def reward_aside(self) -> AbstractContextManager[None]:
        """Afterwards the learning rate of the reward's heads goes on from where it was."""
        assert self.reward is not None
        return self.reward.optimizer.schedule_aside()

    @property
    def rewarding_states(self) -> tuple[Float[Tensor, "S R L"], Float[Tensor, "S R M"]]:
        """Latents and memories of the last rows from which a reward apart was learned."""
        assert self.reward is not None
        return self.reward.states

    def _draw(self, buffer: RowBuffer, rare: str) -> tuple[SequenceBatch, Int64[Tensor, "S T B"]]:
        """Windows of replay, a share of them around rare values of a field, and their slots."""
        config = self.config
        sizes = config.sequence_length, config.sequences
        windows, slots = draw_windows(buffer, rare, *sizes, config.rare_share, self.windows)
        return as_sequences(windows), slots

    def _measure_changes(self, batch: SequenceBatch) -> Float[Tensor, "S R O"]:
        """How each normalised observation of the windows changes, taken into the statistics."""
        normalizer = self.model.normalizer
        change = normalizer(batch.next_observation) - normalizer(batch.observation)
        rows: Tensor = change.flatten(1, 2)
        self.model.observation_change.update(rows)
        return rows

    def _learn_to_disagree(
        self,
        states: WorldStates,
        latent_change: Float[Tensor, "S R L"],
        observation_change: Float[Tensor, "S R O"],
    ) -> Metrics:
        """One update of the ensemble; its target is in units of how much it changes in a step."""
        if self.config.disagreement == "untrained":
            return {}
        if self.config.disagreement == "observation":
            target = observation_change / self.model.observation_change.scale
        else:
            target = latent_change / self.model.latent_change.scale
        return self.curiosity.learn(states.latent, states.action, target)

    def state_dict(self) -> dict[str, Any]:
        return state_of(self._parts())

    def load_state_dict(self, state: dict[str, Any]) -> None:
        load_state_of(self._parts(), state)

    def _parts(self) -> dict[str, Stateful]:
        names = ["model", "optimizer", "curiosity", "windows"]
        if self.reward is not None:
            names.append("reward")
        return {name: getattr(self, name) for name in names}
