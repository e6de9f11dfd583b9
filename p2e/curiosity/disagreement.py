"""The intrinsic reward: disagreement of an ensemble about the next latent (Sekar et al. 2020)."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from p2e.batch import rows_for_each
from p2e.curiosity.step_units import beyond_the_known
from p2e.metrics import Metrics
from p2e.nn.ensemble import Ensemble, bootstrap_rows, take_rows
from p2e.nn.generators import SeedGenerators
from p2e.nn.normalizers import RunningScale
from p2e.nn.optimizer import SeedOptimizer
from p2e.nn.target_networks import soft_update, target_copy

MEMBERS, HIDDEN = 5, (64, 64)
AVERAGING = 0.02  # the rate of the averaged weights: over about the last 50 updates


def disagreement(predictions: Float[Tensor, "S E B L"]) -> Float[Tensor, "S B"]:
    """Variance over the members, mean over the dimensions; 0 for members that agree."""
    # Several times as fast as Tensor.var along this axis.
    deviations = predictions - predictions.mean(dim=1, keepdim=True)
    return deviations.square().mean(dim=(1, 3))


class EnsembleDisagreement:
    """An ensemble of one-step predictors of how the latent changes, from (latent, action).

    The recurrent memory is no input: a known state that is reached on a new path is not new.

    The disagreement of (z_t, a_t) is about the prediction of z_{t+1}. The reward is relative to its
    running mean over imagined steps, so that one weight serves all tasks; it is never negative.

    Args:
        predicted: features of what is predicted.
        optimizer: makes one for the ensemble's parameters.
        initial, rows: random streams of the initial weights and of the bootstrapped rows.
    """

    def __init__(
        self,
        latent_size: int,
        action_size: int,
        predicted: int,
        optimizer: Callable[[Iterable[nn.Parameter]], SeedOptimizer],
        initial: SeedGenerators,
        rows: SeedGenerators,
    ) -> None:
        sizes = [latent_size + action_size, *HIDDEN, predicted]
        self.ensemble = Ensemble(MEMBERS, sizes, initial)
        self.averaged = target_copy(self.ensemble)
        self.optimizer = optimizer(self.ensemble.parameters())
        self.scale = RunningScale(len(initial), decay=0.99, device=initial.device)
        self.rows = rows

    def learn(
        self,
        latent: Float[Tensor, "S R Z"],
        action: Float[Tensor, "S R A"],
        change: Float[Tensor, "S R L"],
    ) -> Metrics:
        """One update of every member, each on bootstrapped rows of its own.

        Args:
            change: next latent minus latent, as the encoder sees them (for an ablation that of
                observations), in units of how much they change in a step; takes no gradient.
        """
        members, available = self.ensemble.members, latent.shape[1]
        rows = bootstrap_rows(self.rows, members, available, available)
        inputs = take_rows(torch.cat([latent, action], dim=-1), rows)
        errors = self.ensemble(inputs) - take_rows(change.detach(), rows)
        # Sum over the members (they share nothing), mean over rows and dimensions.
        losses = errors.square().mean(dim=(2, 3)).sum(dim=1)
        norm = self.optimizer.step(losses)
        soft_update(self.averaged, self.ensemble, AVERAGING)
        return {"ensemble_loss": losses.detach() / members, "ensemble_gradient_norm": norm}

    @torch.no_grad()
    def disagreement(
        self, latent: Float[Tensor, "S B Z"], action: Float[Tensor, "S B A"]
    ) -> Float[Tensor, "S B"]:
        """The raw disagreement of each row, in squared units of how much its target changes.

        It is computed with averaged weights. The members also differ by what the last few batches
        did to each of them, which would outweigh the disagreement about the world in known places.
        """
        inputs = rows_for_each(torch.cat([latent, action], dim=-1), self.ensemble.members)
        return disagreement(self.averaged(inputs))

    def reward(self, disagreement: Float[Tensor, "S *rows"]) -> Float[Tensor, "S *rows"]:
        """What the disagreement of steps pays. Contacts, which are never fully learned, stay below
        twice its mean."""
        return beyond_the_known(self.scale(disagreement))

    def state_dict(self) -> dict[str, Any]:
        parts = {name: getattr(self, name) for name in self._PARTS}
        return {name: part.state_dict() for name, part in parts.items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for name in self._PARTS:
            getattr(self, name).load_state_dict(state[name])

    _PARTS = ("ensemble", "averaged", "optimizer", "scale", "rows")
