"""Probabilistic dynamics: an ensemble of Gaussian networks that predict the change of the
observation and the reward (Chua et al. 2018; Janner et al. 2019, section 4 and appendix B)."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn
from torch.nn.functional import softplus

from p2e.batch import TransitionBatch
from p2e.config import require, require_positive
from p2e.nn.ensemble import Ensemble, take_rows
from p2e.nn.generators import SeedGenerators
from p2e.nn.normalizers import LARGEST_SCORE, RowScale

INITIAL_MIN_LOG_VARIANCE, INITIAL_MAX_LOG_VARIANCE = -10.0, 0.5
EXPLODED_SCORE = 10 * LARGEST_SCORE  # no prediction to learn from


@dataclass(frozen=True)
class DynamicsConfig:
    """Settings of the ensemble and of its training; the defaults are those of the paper's code,
    but for `likelihood_weighting`.

    Args:
        hidden: units of each hidden layer of a member.
        members: networks of the ensemble.
        elites: members with the lowest holdout loss, the only ones that predict in rollouts.
        learning_rate: of all members.
        weight_decay: from the first layer to the last; spread evenly over another depth.
        bound_weight: weight of the penalty that pulls the log-variance bounds together.
        likelihood_weighting: beta of the beta-NLL (Seitzer et al. 2022, arXiv:2203.09168): a
            prediction's likelihood counts in proportion to its variance to this power. With 0, the
            paper's plain likelihood, rows with a high predicted variance are hardly fitted:
            on 3,000 rows of Pendulum-v1, whose velocity is clipped, the velocity's squared error
            stayed five times as large.
        batch_size: rows of an update, for each member.
        holdout_share: share of the rows that are held out, for the holdout loss.
        holdout_limit: most rows that are held out.
        patience: a training ends after this many epochs in which no member improved.
        improvement: share of its best holdout loss by which a member must get better to improve.
        max_updates: most updates of one training, in whole epochs, at least one; None for no
            limit. With few rows these are many epochs, with many rows few.
    """

    hidden: tuple[int, ...] = (200, 200, 200, 200)
    members: int = 7
    elites: int = 5
    learning_rate: float = 1e-3
    weight_decay: tuple[float, ...] = (2.5e-5, 5e-5, 7.5e-5, 7.5e-5, 1e-4)
    bound_weight: float = 0.01
    likelihood_weighting: float = 0.5
    batch_size: int = 256
    holdout_share: float = 0.2
    holdout_limit: int = 5000
    patience: int = 5
    improvement: float = 0.01
    max_updates: int | None = None

    def __post_init__(self) -> None:
        require_positive(self, "dynamics", "members", "elites", "learning_rate", "batch_size")
        require_positive(self, "dynamics", "hidden", "holdout_limit", "patience")
        most = f"at most dynamics.members ({self.members})"
        require(self.elites <= self.members, "dynamics.elites", self.elites, most)
        share, gain = self.holdout_share, self.improvement
        require(0 < share < 1, "dynamics.holdout_share", share, "a number between 0 and 1")
        require(0 <= gain < 1, "dynamics.improvement", gain, "a number in [0, 1)")
        power = self.likelihood_weighting
        require(0 <= power <= 1, "dynamics.likelihood_weighting", power, "a number in [0, 1]")
        require(len(self.weight_decay) > 0, "dynamics.weight_decay", self.weight_decay, "numbers")
        limit = self.max_updates
        require(limit is None or limit > 0, "dynamics.max_updates", limit, "null or above 0")

    def epoch_batches(self, rows: int) -> int:
        """Updates of one epoch over this many rows."""
        return max(1, round(rows / self.batch_size))

    def epoch_limit(self, rows: int) -> float:
        """Most epochs of a training on this many rows."""
        if self.max_updates is None:
            return math.inf
        return max(1, self.max_updates // self.epoch_batches(rows))

    def layer_decays(self) -> list[float]:
        """One weight decay for each layer, the output layer included."""
        positions = np.linspace(0, len(self.weight_decay) - 1, len(self.hidden) + 1)
        known = np.arange(len(self.weight_decay))
        return [float(d) for d in np.interp(positions, known, self.weight_decay)]


class Dynamics(nn.Module):
    """(S, E) networks: (normalised observation, action) -> Gaussian over the normalised
    (next observation - observation, reward), independent in each of its O + 1 features.

    Inputs and targets are normalised by the statistics of all real rows, computed again at each
    training. The paper's code normalises inputs only, which leaves small changes below its variance
    bounds. Each member learns log-variance bounds of its own.
    """

    elites: Tensor

    def __init__(
        self,
        observation_size: int,
        action_size: int,
        config: DynamicsConfig,
        generators: SeedGenerators,
    ) -> None:
        super().__init__()
        self.config = config
        seeds, targets = len(generators), observation_size + 1
        sizes = [observation_size + action_size, *config.hidden, 2 * targets]
        self.network = Ensemble(config.members, sizes, generators)
        device = generators.device
        bound = torch.ones(seeds, config.members, 1, targets, device=device)
        self.min_log_variance = nn.Parameter(bound * INITIAL_MIN_LOG_VARIANCE)
        self.max_log_variance = nn.Parameter(bound * INITIAL_MAX_LOG_VARIANCE)
        self.observation_scale = RowScale(seeds, observation_size, device)
        self.target_scale = RowScale(seeds, targets, device)
        first = torch.arange(config.elites, device=device)
        self.register_buffer("elites", first.expand(seeds, -1).clone())

    def fit_scales(self, rows: TransitionBatch) -> None:
        """Take the statistics of inputs and targets from these rows."""
        self.observation_scale.fit(rows.observation)
        self.target_scale.fit(raw_targets(rows))

    def inputs(
        self, observation: Float[Tensor, "S B O"], action: Float[Tensor, "S B A"]
    ) -> Float[Tensor, "S B I"]:
        """What the networks see of each row."""
        return torch.cat([self.observation_scale(observation), action], dim=-1)

    def targets(self, rows: TransitionBatch) -> Float[Tensor, "S B D"]:
        """What the networks are to predict for each row."""
        target: Tensor = self.target_scale(raw_targets(rows))
        return target

    def forward(
        self, inputs: Float[Tensor, "S E B I"]
    ) -> tuple[Float[Tensor, "S E B D"], Float[Tensor, "S E B D"]]:
        """Mean and log-variance of the normalised targets, each member for its own rows."""
        mean, log_variance = self.network(inputs).chunk(2, dim=-1)
        log_variance = self.max_log_variance - softplus(self.max_log_variance - log_variance)
        log_variance = self.min_log_variance + softplus(log_variance - self.min_log_variance)
        return mean, log_variance

    def bound_penalty(self) -> Float[Tensor, " S"]:
        """Width between the log-variance bounds, summed over members and targets."""
        return (self.max_log_variance - self.min_log_variance).sum(dim=(1, 2, 3))

    def choose_elites(self, holdout_losses: Float[Tensor, "S E"]) -> None:
        """Let the members with the lowest losses predict from now on."""
        self.elites.copy_(holdout_losses.argsort(dim=1, stable=True)[:, : self.config.elites])

    @torch.no_grad()
    def sample(
        self,
        observation: Float[Tensor, "S B O"],
        action: Float[Tensor, "S B A"],
        generators: SeedGenerators,
    ) -> tuple[Float[Tensor, "S B O"], Float[Tensor, "S B"]]:
        """Next observations and rewards, each row from an elite drawn at random for it.

        The rows are shuffled and dealt out to the elites in equal parts, so that every row is
        computed once and not by all members (as in mbrl-lib, Pineda et al. 2021).
        """
        order = generators.permutation(observation.shape[1])
        mean, log_variance = self._by_elites(self.inputs(observation, action), order)
        noise = generators.normal(*mean.shape[1:])
        target = self.target_scale.inverse(mean + noise * (0.5 * log_variance).exp())
        return observation + target[..., :-1], target[..., -1]

    def plausible(
        self, next_observation: Float[Tensor, "S B O"], reward: Float[Tensor, "S B"]
    ) -> Bool[Tensor, "S B"]:
        """Whether a prediction is finite, and less than ten times as far out as any real row."""
        scores = self.observation_scale(next_observation)
        reward_scale = self.target_scale.scale[..., -1]
        reward_score = (reward - self.target_scale.mean[..., -1]) / reward_scale.clamp(min=1e-9)
        near: Tensor = scores.abs().amax(dim=-1) <= EXPLODED_SCORE
        return near & (reward_score.abs() <= EXPLODED_SCORE)  # a comparison with nan is False

    @torch.no_grad()
    def expected_next(
        self, observation: Float[Tensor, "S B O"], action: Float[Tensor, "S B A"]
    ) -> Float[Tensor, "S B O"]:
        """The next observation that the elites expect on average."""
        inputs = self.inputs(observation, action).unsqueeze(1)
        mean = self(inputs.expand(-1, self.config.members, -1, -1))[0]
        of_elites = mean.take_along_dim(self.elites[:, :, None, None], dim=1).mean(dim=1)
        change: Tensor = self.target_scale.inverse(of_elites)[..., :-1]
        return observation + change

    def _by_elites(
        self, inputs: Float[Tensor, "S B I"], order: Int64[Tensor, "S B"]
    ) -> tuple[Float[Tensor, "S B D"], Float[Tensor, "S B D"]]:
        """Mean and log-variance of row order[:, i] from elite number i // ceil(B / elites)."""
        seeds, rows = order.shape
        elites = self.elites.shape[1]
        part = math.ceil(rows / elites)
        # The last elites' parts are filled up with rows whose second prediction nobody reads.
        filled = torch.arange(elites * part, device=order.device) % rows
        dealt = take_rows(inputs, order[:, filled].view(seeds, elites, part))
        seed = torch.arange(seeds, device=order.device).unsqueeze(1)
        for_members = inputs.new_zeros(seeds, self.config.members, part, inputs.shape[-1])
        for_members[seed, self.elites] = dealt
        back = order.argsort(dim=1).unsqueeze(-1)
        mean, log_variance = (
            output[seed, self.elites].flatten(1, 2).take_along_dim(back, dim=1)
            for output in self(for_members)
        )
        return mean, log_variance


def raw_targets(rows: TransitionBatch) -> Float[Tensor, "S B D"]:
    """Change of the observation, and reward, in the environment's units; D = O + 1."""
    change = rows.next_observation - rows.observation
    return torch.cat([change, rows.reward.unsqueeze(-1)], dim=-1)


def gaussian_nll(
    mean: Float[Tensor, "... D"],
    log_variance: Float[Tensor, "... D"],
    target: Float[Tensor, "... D"],
) -> Float[Tensor, "... D"]:
    """Negative log-density of each feature under its own normal distribution."""
    squared = (target - mean).square() * (-log_variance).exp()
    return 0.5 * (squared + log_variance + math.log(2 * math.pi))
