"""Learning the world: one update of the world model and of the disagreement ensemble."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from p2e.algorithm import Problem, Stateful, load_state_of, state_of
from p2e.batch import SequenceBatch, TransitionBatch
from p2e.config import require, require_positive
from p2e.curiosity.bonus import NoBonus
from p2e.curiosity.disagreement import EnsembleDisagreement
from p2e.curiosity.settings import ExplorationConfig
from p2e.metrics import Metrics
from p2e.nn.generators import SeedGenerators
from p2e.nn.optimizer import LearningRateSchedule, SeedOptimizer
from p2e.replay.buffers import RowBuffer, as_sequences
from p2e.replay.rare_windows import draw_windows
from p2e.world.world_loss import world_loss
from p2e.world.world_model import WorldModel

DISAGREEMENTS = ("latent", "observation", "untrained")


@dataclass(frozen=True)
class WorldConfig:
    """Settings of world model and ensemble.

    Args:
        latent_size: features of the latent, which encodes an observation.
        memory_size: units of the recurrent memory (GRU); 0 for none (for ablations).
        hidden: units of each hidden layer of the world model's other networks.
        sequences: windows of replay in one update.
        sequence_length: steps of a window.
        rare_share: share of the windows that is drawn around rare rewards, where there are any (in
            the reward-free modes around rare terminations).
        members: networks of the disagreement ensemble.
        ensemble_hidden: units of each hidden layer of a member.
        disagreement: what the ensemble predicts: how the "latent" changes in a step, or how the
            "observation" does. "untrained" keeps the ensemble's initial weights (for ablations).
        unknown: disagreement is rewarded where it exceeds this many times its running mean.
            Contacts, which are never fully learned, stay below 2.
        learning_rate: the highest, of world model and ensemble.
        clip_norm: largest gradient norm of world model and of ensemble, for each seed.
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
        sizes = "latent_size hidden ensemble_hidden members sequences sequence_length"
        require_positive(self, "world", *sizes.split(), "learning_rate", "clip_norm", "unknown")
        require(self.memory_size >= 0, "world.memory_size", self.memory_size, "0 or more")
        share = self.rare_share
        require(0 <= share <= 1, "world.rare_share", share, "a share in [0, 1]")
        known = f"one of {', '.join(map(repr, DISAGREEMENTS))}"
        require(self.disagreement in DISAGREEMENTS, "world.disagreement", self.disagreement, known)


@dataclass(frozen=True)
class LatentExplorationConfig(ExplorationConfig):
    """Settings of the exploration with a world model.

    Args:
        noise: colour of the noise in the actions of the training episodes, as for all algorithms.
        bonus: what a step pays besides: "disagreement" of the ensemble about how the latent
            changes; or "none", "rnd" or "novelty", as for all algorithms.
        weight: of the bonus in the explorer's reward, beside the task's.
    """

    bonus: str = "disagreement"


class WorldLearner:
    """World model and disagreement ensemble, with their optimizers.

    Args:
        total_updates: of the run, for the learning rate's schedule.
        exploration: whose bonus takes the place of the ensemble's disagreement, unless it is that;
            None for the defaults. A bonus is about observations, those that latents decode to.
    """

    # The windows that are drawn around rare events are drawn around rare values of this field.
    rare_field = "reward"

    def __init__(
        self,
        problem: Problem,
        config: WorldConfig,
        total_updates: int,
        exploration: ExplorationConfig | None = None,
    ) -> None:
        seeds, device = problem.seeds, problem.device
        self.config = config
        self._weights = SeedGenerators(seeds, "world weights", device)
        self.model = WorldModel(
            problem.observation_size,
            problem.action_size,
            config.latent_size,
            config.memory_size,
            config.hidden,
            self._weights,
        )
        self._make_optimizer = partial(
            SeedOptimizer,
            learning_rate=config.learning_rate,
            clip_norm=config.clip_norm,
            schedule=LearningRateSchedule(config.warmup_updates, total_updates),
        )
        self.optimizer = self._make_optimizer(self.model.parameters())
        about_observations = config.disagreement == "observation"
        self.curiosity = EnsembleDisagreement(
            config.latent_size,
            problem.action_size,
            problem.observation_size if about_observations else config.latent_size,
            config.members,
            config.ensemble_hidden,
            self._make_optimizer,
            SeedGenerators(seeds, "ensemble weights", device),
            SeedGenerators(seeds, "ensemble rows", device),
            config.unknown,
        )
        self.windows = SeedGenerators(seeds, "windows", device)
        own: ExplorationConfig = exploration or LatentExplorationConfig()
        self.rewards_disagreement = own.bonus == LatentExplorationConfig.bonus
        own = replace(own, bonus="none") if self.rewards_disagreement else own
        self.bonus = own.bonus_for(problem)

    def update(self, replay: RowBuffer) -> Metrics:
        """One update of each from windows of real transitions, whose `states` are kept."""
        batch, slots = self._draw(replay)
        observation_change = self._measure_changes(batch)
        self.model.reward_predictor.measure(batch.reward)
        losses, metrics, self.states = world_loss(self.model, batch)
        norm = self.optimizer.step(losses)
        # Later windows start from memories as they are now, not as they were when stored.
        replay.write("memory", slots.flatten(1), self.states.memory)
        change = self.states.next_latent - self.states.latent
        self.model.latent_change.update(change.flatten(1).unsqueeze(-1))
        metrics |= self._learn_to_disagree(change, observation_change)
        metrics |= self.bonus.learn_from(replay)
        return metrics | {"world_gradient_norm": norm}

    @torch.no_grad()
    def intrinsic_reward(
        self,
        latent: Float[Tensor, "S R L"],
        action: Float[Tensor, "S R A"],
        next_latent: Float[Tensor, "S R L"],
        disagreement: Float[Tensor, "S R"] | None = None,
    ) -> Float[Tensor, "S R"]:
        """What steps between these latents pay besides the task's reward.

        Args:
            disagreement: of the ensemble about these steps, where it is at hand.
        """
        if self.rewards_disagreement:
            if disagreement is None:
                disagreement = self.curiosity.disagreement(latent, action)
            return self.curiosity.reward(disagreement)
        nothing = latent.new_zeros(latent.shape[:2])
        if isinstance(self.bonus, NoBonus):
            return nothing
        before, after = self.model.decode(latent), self.model.decode(next_latent)
        return self.bonus.reward(TransitionBatch(before, action, nothing, after, nothing))

    def _draw(self, replay: RowBuffer) -> tuple[SequenceBatch, Int64[Tensor, "S T B"]]:
        """Windows of replay, a share of them around rare events, and their slots."""
        windows, slots = draw_windows(
            replay,
            self.rare_field,
            self.config.sequence_length,
            self.config.sequences,
            self.config.rare_share,
            self.windows,
        )
        return as_sequences(windows), slots

    def _measure_changes(self, batch: SequenceBatch) -> Float[Tensor, "S R O"]:
        """How each normalised observation of the windows changes, taken into the statistics."""
        normalizer = self.model.normalizer
        change = normalizer(batch.next_observation) - normalizer(batch.observation)
        rows: Tensor = change.flatten(1, 2)
        self.model.observation_change.update(rows)
        return rows

    def _learn_to_disagree(
        self, latent_change: Float[Tensor, "S R L"], observation_change: Float[Tensor, "S R O"]
    ) -> Metrics:
        """One update of the ensemble; its target is in units of how much it changes in a step."""
        if self.config.disagreement == "untrained":
            return {}
        if self.config.disagreement == "observation":
            target = observation_change / self.model.observation_change.scale
        else:
            target = latent_change / self.model.latent_change.scale
        return self.curiosity.learn(self.states.latent, self.states.action, target)

    def state_dict(self) -> dict[str, Any]:
        return state_of(self._parts())

    def load_state_dict(self, state: dict[str, Any]) -> None:
        load_state_of(self._parts(), state)

    def _parts(self) -> dict[str, Stateful]:
        return {
            "model": self.model,
            "optimizer": self.optimizer,
            "curiosity": self.curiosity,
            "windows": self.windows,
            "bonus": self.bonus,
        }
