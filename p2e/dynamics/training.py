"""Training of the dynamics on all real rows: bootstrapped members, a random holdout, early stopping
(Janner et al. 2019, appendix B; the numbers are those of the paper's code)."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from p2e.batch import TransitionBatch
from p2e.dynamics.probabilistic_ensemble import Dynamics, DynamicsConfig, gaussian_nll
from p2e.metrics import Metrics
from p2e.nn.ensemble import bootstrap_rows, take_rows
from p2e.nn.generators import SeedGenerators
from p2e.nn.optimizer import SeedOptimizer


def train_dynamics(
    dynamics: Dynamics, real: TransitionBatch, generators: SeedGenerators
) -> Metrics:
    """Train from the current weights until each seed's members have stopped improving.

    A seed that has stopped does not change while the other seeds go on. Its best weights are
    stored. Adam is reinitialised for each training, since its step count is common to all seeds
    and would couple them. The shuffles come from random streams of this training alone.

    Args:
        real: all real rows of each seed, at least two: (S, N, features).

    Returns:
        model_loss: mean negative log-likelihood of the seed's last epoch, normalised targets.
        holdout_loss: mean squared error of the elites on the held-out rows, normalised targets.
        model_epochs: epochs the seed trained for.
    """
    streams = SeedGenerators(
        generators.integers(2**62, 1).flatten().tolist(), "model training", generators.device
    )
    rows = normalised_rows(dynamics, real)
    training, holdout = split_rows(streams, rows.shape[1], dynamics.config)
    held_out = take_rows(rows, holdout.unsqueeze(1))
    own_rows = members_rows(streams, training, dynamics.config.members)
    optimizer = dynamics_optimizer(dynamics)
    stopping = EarlyStopping(dynamics)
    loss = rows.new_zeros(rows.shape[0])
    epochs, most = 0, dynamics.config.epoch_limit(training.shape[1])
    while bool(stopping.active.any()) and epochs < most:
        epoch_loss = train_epoch(dynamics, optimizer, rows, own_rows, streams)
        loss = torch.where(stopping.active, epoch_loss, loss)
        stopping.update(holdout_losses(dynamics, held_out))
        epochs += 1
    stopping.restore()
    dynamics.choose_elites(stopping.best_losses)
    holdout_loss = stopping.best_losses.gather(1, dynamics.elites).mean(dim=1)
    model_epochs = stopping.epochs.float()
    return {"model_loss": loss, "holdout_loss": holdout_loss, "model_epochs": model_epochs}


def normalised_rows(dynamics: Dynamics, real: TransitionBatch) -> Float[Tensor, "S N F"]:
    """Inputs and targets side by side, in units of the statistics of these very rows."""
    dynamics.fit_scales(real)
    inputs = dynamics.inputs(real.observation, real.action)
    return torch.cat([inputs, dynamics.targets(real)], dim=-1)


def split_rows(
    generators: SeedGenerators, available: int, config: DynamicsConfig
) -> tuple[Int64[Tensor, "S R"], Int64[Tensor, "S H"]]:
    """Row numbers to train on, and others to hold out; random, and different for each seed."""
    if available < 2:
        raise ValueError(f"dynamics got {available} rows to train on, expected 2 or more")
    held_out = min(max(1, int(available * config.holdout_share)), config.holdout_limit)
    order = generators.permutation(available)
    return order[:, held_out:], order[:, :held_out]


def members_rows(
    generators: SeedGenerators, training: Int64[Tensor, "S R"], members: int
) -> Int64[Tensor, "S E R"]:
    """The rows each member trains on: as many as there are, drawn with replacement."""
    count = training.shape[1]
    drawn = bootstrap_rows(generators, members, count, count)
    return training.gather(1, drawn.flatten(1)).view(drawn.shape)


def dynamics_optimizer(dynamics: Dynamics) -> SeedOptimizer:
    """Adam with a weight decay for each layer; biases and variance bounds do not decay."""
    parameters = list(dynamics.parameters())
    decays = [torch.zeros((), device=parameter.device) for parameter in parameters]
    network = dynamics.network
    of_weights = torch.zeros_like(network.weights)
    for layer, decay in zip(
        network.as_layers(of_weights), dynamics.config.layer_decays(), strict=True
    ):
        layer.weight.fill_(decay)
    decays[[p is network.weights for p in parameters].index(True)] = of_weights
    rate = dynamics.config.learning_rate
    return SeedOptimizer(parameters, rate, weight_decays=decays)


def train_epoch(
    dynamics: Dynamics,
    optimizer: SeedOptimizer,
    rows: Float[Tensor, "S N F"],
    own_rows: Int64[Tensor, "S E R"],
    generators: SeedGenerators,
) -> Float[Tensor, " S"]:
    """Each member once over its own rows, in a new order. Returns the mean NLL of each seed.

    One order a seed serves all members: what they have at the same place is independent already.
    """
    order = generators.permutation(own_rows.shape[2])
    batches = dynamics.config.epoch_batches(own_rows.shape[2])
    total = rows.new_zeros(rows.shape[0])
    for places in order.tensor_split(batches, dim=1):
        batch = take_rows(rows, own_rows.take_along_dim(places.unsqueeze(1), dim=2))
        losses, likelihoods = training_losses(dynamics, batch)
        optimizer.step(losses)
        total += likelihoods
    return total / batches


def training_losses(
    dynamics: Dynamics, batch: Float[Tensor, "S E B F"]
) -> tuple[Float[Tensor, " S"], Float[Tensor, " S"]]:
    """What is minimised, summed over the members, and their mean negative log-likelihood.

    The weights of the likelihoods average 1 over each member's rows for each target.
    """
    config = dynamics.config
    inputs, targets = _parts(dynamics, batch)
    mean, log_variance = dynamics(inputs)
    likelihoods = gaussian_nll(mean, log_variance, targets)
    weights = (config.likelihood_weighting * log_variance.detach()).exp()
    weighted = likelihoods * weights / weights.mean(dim=2, keepdim=True)
    # Twice the likelihood, without its constant, is the loss of the paper's code: what the penalty
    # and the weight decays weigh is relative to that.
    losses = 2 * weighted.mean(dim=(2, 3)).sum(dim=1)
    penalty = config.bound_weight * dynamics.bound_penalty()
    return losses + penalty, likelihoods.detach().mean(dim=(1, 2, 3))


@torch.no_grad()
def holdout_losses(dynamics: Dynamics, held_out: Float[Tensor, "S 1 H F"]) -> Float[Tensor, "S E"]:
    """Mean squared error of each member on the rows that nobody trains on."""
    inputs, targets = _parts(dynamics, held_out.expand(-1, dynamics.config.members, -1, -1))
    mean: Tensor = dynamics(inputs)[0]
    return (mean - targets).square().mean(dim=(2, 3))


def _parts(dynamics: Dynamics, rows: Tensor) -> tuple[Tensor, Tensor]:
    targets = dynamics.target_scale.mean.shape[-1]
    return rows[..., :-targets], rows[..., -targets:]


class EarlyStopping:
    """The best weights of each member of each seed, and which seeds still improve.

    The weights at the start are no candidate: they were trained on rows that are held out now.
    They stay only where the holdout loss was never a number.
    """

    def __init__(self, dynamics: Dynamics) -> None:
        self._config = dynamics.config
        self._parameters = list(dynamics.parameters())
        self._best = [parameter.detach().clone() for parameter in self._parameters]
        seeds, members = self._parameters[0].shape[:2]
        device = self._parameters[0].device
        self.best_losses = torch.full((seeds, members), torch.inf, device=device)
        self.active = torch.ones(seeds, dtype=torch.bool, device=device)
        self.epochs = torch.zeros(seeds, dtype=torch.int64, device=device)
        self._stale = torch.zeros(seeds, dtype=torch.int64, device=device)

    @torch.no_grad()
    def update(self, losses: Float[Tensor, "S E"]) -> None:
        """Take in the holdout losses after one more epoch."""
        self.epochs += self.active
        better = losses < self.best_losses * (1 - self._config.improvement)
        better &= self.active.unsqueeze(1)
        self.best_losses = torch.where(better, losses, self.best_losses)
        for best, parameter in zip(self._best, self._parameters, strict=True):
            mask = better.view(*better.shape, *[1] * (parameter.dim() - 2))
            torch.where(mask, parameter, best, out=best)
        self._stale = torch.where(better.any(dim=1), 0, self._stale + 1)
        self.active &= self._stale < self._config.patience

    @torch.no_grad()
    def restore(self) -> None:
        """Put the best weights back into the networks."""
        for best, parameter in zip(self._best, self._parameters, strict=True):
            parameter.copy_(best)
