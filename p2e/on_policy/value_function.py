"""The expected return of an observation, fitted to the returns of the newest rollout."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.algorithm import Stateful, load_state_of, state_of
from p2e.batch import pick_rows
from p2e.nn.batched_mlp import BatchedMLP
from p2e.nn.generators import SeedGenerators
from p2e.nn.optimizer import SeedOptimizer
from p2e.nn.perceptron import TANH
from p2e.on_policy.orthogonal import initialise_orthogonally

HIDDEN_GAIN, OUTPUT_GAIN = math.sqrt(2), 1.0  # as Stable-Baselines3


class ValueFunction:
    """A perceptron with tanh, learned by Adam from shuffled batches.

    Args:
        hidden: units of each hidden layer.
        generators: for the initial weights.
        batches: for the order of the rows.
    """

    def __init__(
        self,
        observations: int,
        hidden: Sequence[int],
        learning_rate: float,
        generators: SeedGenerators,
        batches: SeedGenerators,
    ) -> None:
        self.network = BatchedMLP((len(generators),), [observations, *hidden, 1], generators, TANH)
        gains = [HIDDEN_GAIN] * len(hidden) + [OUTPUT_GAIN]
        initialise_orthogonally(self.network, gains, generators)
        self.optimizer = SeedOptimizer([self.network.weights], learning_rate)
        self.batches = batches

    @torch.no_grad()
    def __call__(self, observation: Float[Tensor, "S B O"]) -> Float[Tensor, "S B"]:
        value: Tensor = self.network(observation).squeeze(-1)
        return value

    @torch.no_grad()
    def fit(
        self,
        observation: Float[Tensor, "S T O"],
        target: Float[Tensor, "S T"],
        epochs: int,
        batch_size: int,
    ) -> Float[Tensor, " S"]:
        """Go so often through all rows. Returns the mean squared error, averaged over the batches,
        each before it was learned from."""
        rows, losses = target.shape[1], []
        for _ in range(epochs):
            for batch in self.batches.permutation(rows).split(batch_size, dim=1):
                wanted = target.gather(1, batch).unsqueeze(-1)
                value, tape = self.network.record(pick_rows(observation, batch))
                error = value - wanted
                losses.append(error.square().mean(dim=(1, 2)))
                gradient = self.network.weight_gradient(tape, 2 * error / batch.shape[1])
                self.optimizer.descend([gradient])
        return torch.stack(losses).mean(dim=0)

    def _parts(self) -> dict[str, Stateful]:
        return {"network": self.network, "optimizer": self.optimizer, "batches": self.batches}

    def state_dict(self) -> dict[str, Any]:
        return state_of(self._parts())

    def load_state_dict(self, state: dict[str, Any]) -> None:
        load_state_of(self._parts(), state)
