"""The units of bonuses: what is known pays nothing, and distances count steps."""

import torch

from p2e.batch import TransitionBatch
from p2e.curiosity.step_units import StepUnits, beyond_the_known

SEEDS, ROWS = 2, 4000


def steps_of_a_walk() -> TransitionBatch:
    """A position that changes by a fiftieth of its deviation in a step, and a velocity that is new
    in every step; both have deviation 1."""
    draws = torch.Generator().manual_seed(0)
    position = torch.randn(SEEDS, ROWS, generator=draws)
    velocity, following = torch.randn(2, SEEDS, ROWS, generator=draws)
    before = torch.stack([position, velocity], dim=2)
    after = torch.stack([position + 0.02 * following.sign(), following], dim=2)
    flat = torch.zeros(SEEDS, ROWS)
    return TransitionBatch(before, flat.unsqueeze(2), flat, after, flat)


def measured() -> StepUnits:
    units, rows = StepUnits(SEEDS, 2, torch.device("cpu")), steps_of_a_walk()
    units.see(rows.observation)
    units.measure(rows)
    return units


def test_a_distance_tells_how_many_steps_apart_observations_are() -> None:
    places = torch.tensor([[0.0, 0.0], [0.4, 0.0], [0.0, 0.4]]).expand(SEEDS, -1, -1)
    start, along, faster = measured()(places).unbind(dim=1)
    steps, of_a_step = (along - start).norm(dim=1), (faster - start).norm(dim=1)
    # 20 steps of 0.02, against 0.4 of a change whose root mean square is the root of 2.
    ratio = torch.full((SEEDS,), 20 / (0.4 / 2**0.5))
    torch.testing.assert_close(steps / of_a_step, ratio, rtol=0.05, atol=0)


def test_the_mean_square_of_the_factors_is_one() -> None:
    units = measured()
    origin = units.normalizer.mean
    factors = [(units(origin + step) - units(origin)) for step in torch.eye(2)]
    squares = torch.cat(factors, dim=1).square().sum(dim=2) * units.normalizer.variance.squeeze(1)
    torch.testing.assert_close(squares.mean(dim=1), torch.ones(SEEDS), rtol=1e-3, atol=0)


def test_far_observations_are_clipped() -> None:
    units = measured()
    far = torch.tensor([[[50.0, -50.0], [500.0, -500.0]]]).expand(SEEDS, -1, -1)
    assert torch.equal(*units(far).unbind(dim=1))


def test_changes_are_in_units_of_their_root_mean_square() -> None:
    changes = measured().changes(steps_of_a_walk())
    torch.testing.assert_close(changes.square().mean(dim=1), torch.ones(SEEDS, 2))


def test_what_is_not_far_above_the_mean_pays_nothing() -> None:
    paid = beyond_the_known(torch.tensor([[0.0, 1.0, 2.0, 4.0, 20.0]]))
    torch.testing.assert_close(paid, torch.tensor([[1.0, 1.0, 1.0, 2.0, 10.0]]).log())
