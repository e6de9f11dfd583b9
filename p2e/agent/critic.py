"""Twin critics (Fujimoto et al. 2018): two action values, side by side on a second leading axis."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from p2e.batch import rows_for_each
from p2e.nn.batched_mlp import BatchedMLP, Tape
from p2e.nn.generators import SeedGenerators
from p2e.nn.perceptron import NORM_RELU, RELU


class TwinCritic(nn.Module):
    """Features (S, B, F) and actions (S, B, A) to two values of each row (S, 2, B).

    Args:
        layer_norm: whether hidden layers are normalised, each row by itself, before ReLU. What the
            critics make of actions that were not tried then stays bounded, so that their targets,
            which they make themselves, do not run away (Ball et al. 2023, arXiv:2302.02948). The
            smaller of the two values of a row is then not needed to keep them down (clipped double
            Q-learning, Fujimoto et al. 2018), and their mean counts: the smaller makes little of
            what is not known (Nauman et al. 2024, arXiv:2405.16158).
    """

    def __init__(
        self,
        features: int,
        actions: int,
        hidden: Sequence[int],
        generators: SeedGenerators,
        layer_norm: bool = False,
    ) -> None:
        super().__init__()
        self.layer_norm = layer_norm
        self._actions = slice(features, features + actions)
        sizes = [features + actions, *hidden, 1]
        activation = NORM_RELU if layer_norm else RELU
        self.network = BatchedMLP((len(generators), 2), sizes, generators, activation)

    def forward(
        self, features: Float[Tensor, "S B F"], action: Float[Tensor, "S B A"]
    ) -> Float[Tensor, "S 2 B"]:
        values: Tensor = self.network(_for_both(features, action))
        return values.squeeze(-1)

    def record(
        self, features: Float[Tensor, "S B F"], action: Float[Tensor, "S B A"]
    ) -> tuple[Float[Tensor, "S 2 B"], Tape]:
        """Both values of each row, and what the gradients below need."""
        values, tape = self.network.record(_for_both(features, action))
        return values.squeeze(-1), tape

    def weight_gradient(
        self, tape: Tape, gradient: Float[Tensor, "S 2 B"]
    ) -> Float[Tensor, "S 2 P"]:
        """Of a scalar whose gradient with respect to the values is given."""
        return self.network.weight_gradient(tape, gradient.unsqueeze(-1))

    def action_gradient(
        self, tape: Tape, gradient: Float[Tensor, "S 2 B"]
    ) -> Float[Tensor, "S B A"]:
        """Of a scalar whose gradient with respect to the values is given."""
        of_actions = self.network.row_gradient(tape, gradient.unsqueeze(-1), self._actions)
        return of_actions.sum(dim=1)

    def counting(self, values: Float[Tensor, "S 2 B"]) -> Float[Tensor, "S B"]:
        """What counts of both values of each row: the smaller; of normalised critics the mean."""
        first, second = values[:, 0], values[:, 1]
        return (first + second) / 2 if self.layer_norm else torch.minimum(first, second)

    def shares(self, values: Float[Tensor, "S 2 B"]) -> Float[Tensor, "S 2 B"]:
        """The derivative of that with respect to both: 1 for the smaller and 0 for the other, or
        a half for each."""
        if self.layer_norm:
            return torch.full_like(values, 0.5)
        first = (values[:, 0] <= values[:, 1]).to(values.dtype)
        return torch.stack([first, 1 - first], dim=1)


def _for_both(
    features: Float[Tensor, "S B F"], action: Float[Tensor, "S B A"]
) -> Float[Tensor, "S 2 B I"]:
    return rows_for_each(torch.cat([features, action], dim=-1), 2)
