"""Ensembles: members with their own initial weights and training rows, computed together."""

from jaxtyping import Float, Int64
from torch import Tensor

from p2e.batch import pick_rows, rows_for_each
from p2e.nn.batched_mlp import BatchedMLP
from p2e.nn.generators import SeedGenerators
from p2e.nn.perceptron import SILU, Activation


class Ensemble(BatchedMLP):
    """`members` networks of the same shape for every seed: (S, E, B, in) to (S, E, B, out)."""

    def __init__(
        self,
        members: int,
        sizes: list[int],
        generators: SeedGenerators,
        activation: Activation = SILU,
    ) -> None:
        super().__init__((len(generators), members), sizes, generators, activation)
        self.members = members

    def predict_each(self, x: Float[Tensor, "S B i"]) -> Float[Tensor, "S E B o"]:
        """Every member's output for the same rows."""
        output: Tensor = self(rows_for_each(x, self.members))
        return output


def bootstrap_rows(
    generators: SeedGenerators, members: int, available: int, rows: int
) -> Int64[Tensor, "S E B"]:
    """Row numbers drawn with replacement, independent for each seed and each member."""
    return generators.integers(available, members, rows)


def take_rows(x: Float[Tensor, "S B F"], rows: Int64[Tensor, "S E R"]) -> Float[Tensor, "S E R F"]:
    """Each member's own rows of a batch that all members share."""
    taken: Tensor = pick_rows(x, rows.flatten(1)).unflatten(1, rows.shape[1:])
    return taken
