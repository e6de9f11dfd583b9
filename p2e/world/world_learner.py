"""Learning the world: one update of the world model and of the disagreement ensemble."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from p2e.algorithm import Problem, Stateful, load_state_of, state_of
from p2e.batch import SequenceBatch, TransitionBatch
from p2e.config import require, require_positive
from p2e.curiosity.bonus import Bonus, NoBonus
from p2e.curiosity.bonuses import BONUSES
from p2e.curiosity.disagreement import EnsembleDisagreement
from p2e.curiosity.settings import ExplorationConfig
from p2e.metrics import Metrics
from p2e.nn.generators import SeedGenerators
from p2e.nn.optimizer import LearningRateSchedule, SeedOptimizer
from p2e.replay.buffers import RowBuffer, as_sequences
from p2e.replay.rare_windows import draw_windows
from p2e.world.feature_extractor import FEATURES, FeatureExtractor
from p2e.world.reward_learner import RewardLearner
from p2e.world.world_loss import world_loss
from p2e.world.world_model import WorldModel

# Of the rows and windows of replay. With none, few rewards are hardly ever learned from.
RARE_SHARE = 0.25
CLIP_NORM = 1.0  # largest gradient norm of each network, for each seed
WARMUP_UPDATES = 100  # linear warm-up of the learning rate; then half a cosine, to a tenth


@dataclass(frozen=True)
class WorldConfig:
    """Settings of world model and ensemble.

    Args:
        latent_size: features of the latent, which encodes an observation.
        memory_size: units of the recurrent memory (GRU); 0 for none (for ablations).
        hidden: units of each hidden layer of the world model's other networks.
        sequences: windows of replay in one update.
        sequence_length: steps of a window.
        learning_rate: the highest, of world model, ensemble and reward heads.
        features: what actor and critic see: "latent", with the memory beside it, or
            "latent+observation", where it is imagined as it is decoded.
    """

    latent_size: int = 32
    memory_size: int = 64
    hidden: tuple[int, ...] = (256, 256)
    sequences: int = 32
    sequence_length: int = 8
    learning_rate: float = 1e-3
    features: str = "latent"

    def __post_init__(self) -> None:
        sizes = "latent_size hidden sequences sequence_length"
        require_positive(self, "world", *sizes.split(), "learning_rate")
        require(self.memory_size >= 0, "world.memory_size", self.memory_size, "0 or more")
        known = f"one of {', '.join(map(repr, FEATURES))}"
        require(self.features in FEATURES, "world.features", self.features, known)


@dataclass(frozen=True)
class LatentExplorationConfig(ExplorationConfig):
    """Settings of the exploration with a world model.

    Args:
        noise: colour of the noise in the actions of the training episodes, as for all algorithms.
        bonus: what a step pays besides: "disagreement" of the ensemble about how the latent
            changes; "disagreement+elliptical" or "disagreement+rnd" for that and for new states;
            "observation-disagreement", which is what the others call "disagreement"; or "none",
            "rnd", "novelty" or "elliptical", as for all algorithms.
        weight: of the bonus in the explorer's reward, beside the task's.
    """

    bonus: str = "disagreement"

    # The ensemble that pays disagreement is the world learner's.
    bonuses: ClassVar[Mapping[str, type[Bonus]]] = {
        **BONUSES,
        "disagreement": NoBonus,
        "disagreement+elliptical": BONUSES["elliptical"],
        "disagreement+rnd": BONUSES["rnd"],
        "observation-disagreement": BONUSES["disagreement"],
    }


class WorldLearner:
    """World model, disagreement ensemble and reward heads, with their optimizers.

    Args:
        total_updates: of the run, for the learning rate's schedule.
        exploration: of which the bonus is paid; None for the defaults. All bonuses but the
            ensemble's disagreement are about observations, those that latents decode to.
        reward_free: whether nothing but the reward heads may depend on the reward, and the task
            policy may learn in the model alone: then the lowest predicted reward counts, and
            windows are drawn around rare terminations, otherwise around rare rewards.
        rare_share: share of the windows that is drawn around them, where there are any.
    """

    def __init__(
        self,
        problem: Problem,
        config: WorldConfig,
        total_updates: int,
        exploration: ExplorationConfig | None = None,
        reward_free: bool = False,
        rare_share: float = RARE_SHARE,
    ) -> None:
        seeds, device = problem.seeds, problem.device
        self.config, self.rare_share = config, rare_share
        self.rare_field = "terminated" if reward_free else "reward"
        self.model = WorldModel(
            problem.observation_size,
            problem.action_size,
            config.latent_size,
            config.memory_size,
            config.hidden,
            SeedGenerators(seeds, "world weights", device),
        )
        self.model.reward_heads.pessimistic = reward_free
        self.features = FeatureExtractor(self.model, config.features)
        make_optimizer = partial(
            SeedOptimizer,
            learning_rate=config.learning_rate,
            clip_norm=CLIP_NORM,
            schedule=LearningRateSchedule(WARMUP_UPDATES, total_updates),
        )
        self.optimizer = make_optimizer(self.model.parts_of_the_world_loss())
        self.curiosity = EnsembleDisagreement(
            config.latent_size,
            problem.action_size,
            config.latent_size,
            make_optimizer,
            SeedGenerators(seeds, "ensemble weights", device),
            SeedGenerators(seeds, "ensemble rows", device),
        )
        reward_rows = SeedGenerators(seeds, "reward rows", device)
        self.reward = RewardLearner(self.model, make_optimizer, rare_share, reward_rows)
        self.windows = SeedGenerators(seeds, "windows", device)
        own: ExplorationConfig = exploration or LatentExplorationConfig()
        self._pays_disagreement = own.bonus.startswith("disagreement")
        self.bonus = own.bonus_for(problem)

    def update(self, replay: RowBuffer) -> Metrics:
        """One update of each: from windows of real transitions, whose `states` are kept, and of the
        reward heads from rows of their own."""
        batch, slots = self._draw(replay)
        self._measure_changes(batch)
        losses, metrics, self.states = world_loss(self.model, batch)
        norm = self.optimizer.step(losses)
        # Later windows start from memories as they are now, not as they were when stored.
        replay.write("memory", slots.flatten(1), self.states.memory)
        change = self.states.next_latent - self.states.latent
        self.model.latent_change.update(change.flatten(1).unsqueeze(-1))
        of_step = self.states.latent, self.states.action
        metrics |= self.curiosity.learn(*of_step, change / self.model.latent_change.scale)
        metrics |= self.bonus.learn_from(replay) | self.reward.update(replay)
        return metrics | {"world_gradient_norm": norm}

    @torch.no_grad()
    def intrinsic_reward(
        self,
        latent: Float[Tensor, "S R L"],
        rows: TransitionBatch,
        disagreement: Float[Tensor, "S R"] | None = None,
    ) -> Float[Tensor, "S R"]:
        """What steps pay besides the task's reward.

        Args:
            latent: before each step.
            rows: the steps, with observations in the task's own units.
            disagreement: of the ensemble about these steps, where it is at hand.
        """
        paid = torch.zeros_like(rows.reward)
        if self._pays_disagreement:
            if disagreement is None:
                disagreement = self.curiosity.disagreement(latent, rows.action)
            paid = self.curiosity.reward(disagreement)
        return paid if isinstance(self.bonus, NoBonus) else paid + self.bonus.reward(rows)

    @torch.no_grad()
    def decoded(
        self,
        latent: Float[Tensor, "S R L"],
        action: Float[Tensor, "S R A"],
        reached: Float[Tensor, "S R O"],
    ) -> TransitionBatch:
        """Imagined steps as the bonus sees them, at the one end that it looks at.

        Args:
            reached: the normalised observation after each step.
        """
        nothing = latent.new_zeros(latent.shape[:2])
        if self.bonus.looks_at == "observation":
            seen = self.model.decode(latent)
        else:
            seen = self.model.normalizer.inverse(reached)
        return TransitionBatch(seen, action, nothing, seen, nothing)

    def _draw(self, replay: RowBuffer) -> tuple[SequenceBatch, Int64[Tensor, "S T B"]]:
        """Windows of replay, a share of them around rare events, and their slots."""
        windows, slots = draw_windows(
            replay,
            self.rare_field,
            self.config.sequence_length,
            self.config.sequences,
            self.rare_share,
            self.windows,
        )
        return as_sequences(windows), slots

    def _measure_changes(self, batch: SequenceBatch) -> None:
        """Take how each normalised observation of the windows changes into the statistics."""
        normalizer = self.model.normalizer
        change = normalizer(batch.next_observation) - normalizer(batch.observation)
        self.model.observation_change.update(change.flatten(1, 2))

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
            "reward": self.reward,
        }
