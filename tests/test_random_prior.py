"""Random priors: fixed, of the stated size, different for members, independent of other seeds."""

import torch
from torch import Tensor

from p2e.generators import SeedGenerators
from p2e.random_prior import RandomPrior

MEMBERS, INPUTS, OUTPUTS = 5, 6, 64


def prior(*seeds: int, weight: float = 1.0) -> RandomPrior:
    draws = SeedGenerators(seeds, "test prior")
    return RandomPrior(MEMBERS, INPUTS, OUTPUTS, weight, draws)


def rows(seeds: int = 1) -> Tensor:
    """The same 500 rows for every member."""
    drawn = SeedGenerators(range(seeds), "test rows").normal(1, 500, INPUTS)
    return drawn.expand(-1, MEMBERS, -1, -1)


def test_its_outputs_have_the_stated_size() -> None:
    outputs = prior(3, weight=2.0)(rows())
    assert outputs.shape == (1, MEMBERS, 500, OUTPUTS)
    assert 1.7 < outputs.square().mean().sqrt() < 2.3


def test_members_have_functions_of_their_own() -> None:
    outputs = prior(3)(rows())[0].flatten(1)
    assert torch.corrcoef(outputs).fill_diagonal_(0).abs().max() < 0.2


def test_a_seed_has_the_same_functions_alone_and_in_a_group() -> None:
    x = rows(2)
    assert torch.equal(prior(3, 4)(x)[1:], prior(4)(x[1:]))


def test_it_is_continuous_and_changes_within_a_step_of_1() -> None:
    x, near = rows(), rows() + 1e-4
    function = prior(3)
    assert (function(near) - function(x)).abs().max() < 0.02
    along_every_input = function(rows() + 1.0) - function(x)
    assert 1.0 < along_every_input.square().mean().sqrt() < 1.8  # sqrt(2) where unrelated


def test_nothing_of_it_is_trained() -> None:
    assert list(prior(3).parameters()) == []
