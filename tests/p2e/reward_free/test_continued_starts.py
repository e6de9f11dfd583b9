"""Imaginations that continue where their policy's last one ended."""

import torch

from p2e.nn.generators import SeedGenerators
from p2e.reward_free.continued_starts import RESTARTED, ContinuedStarts
from p2e.world.imagination import Starts

SEEDS, ROWS = 2, 400


def all_at(place: float, rows: int = ROWS) -> Starts:
    return torch.full((SEEDS, rows, 3), place), torch.full((SEEDS, rows, 2), place)


def draws(*seeds: int) -> SeedGenerators:
    return SeedGenerators(seeds or range(SEEDS), "test starts")


def test_half_go_on_but_for_those_that_are_restarted() -> None:
    continued = ContinuedStarts()
    continued.keep(*all_at(7.0))
    latent, memory = continued.instead_of(all_at(1.0), draws())
    assert latent.shape == (SEEDS, ROWS, 3) and memory.shape == (SEEDS, ROWS, 2)
    half, going_on = ROWS // 2, latent[..., 0] == 7.0
    assert torch.equal(latent == 7.0, going_on.unsqueeze(-1).expand_as(latent))
    assert torch.equal(memory == 7.0, going_on.unsqueeze(-1).expand_as(memory))
    assert not going_on[:, half:].any()
    torch.testing.assert_close(
        going_on[:, :half].float().mean(), torch.tensor(1 - RESTARTED), atol=0.05, rtol=0
    )


def test_before_the_first_imagination_nothing_goes_on() -> None:
    fresh = all_at(1.0)
    assert ContinuedStarts().instead_of(fresh, draws()) is fresh


def test_too_few_trajectories_for_one_to_go_on_draw_nothing() -> None:
    continued, generators = ContinuedStarts(), draws()
    continued.keep(*all_at(7.0, rows=1))
    fresh = all_at(1.0, rows=1)
    assert continued.instead_of(fresh, generators) is fresh
    expected = draws().uniform(0.0, 1.0, 5)
    assert torch.equal(generators.uniform(0.0, 1.0, 5), expected)


def test_more_or_fewer_trajectories_than_before_can_follow() -> None:
    continued = ContinuedStarts()
    continued.keep(*all_at(7.0, rows=100))
    latent, _ = continued.instead_of(all_at(1.0), draws())
    assert latent.shape[1] == ROWS and not (latent[:, 50:] == 7.0).any()
    latent, _ = continued.instead_of(all_at(1.0, rows=10), draws())
    assert latent.shape[1] == 10 and not (latent[:, 5:] == 7.0).any()


def test_a_seed_is_not_moved_by_the_seeds_beside_it() -> None:
    together = ContinuedStarts()
    together.keep(*all_at(7.0))
    latent, _ = together.instead_of(all_at(1.0), draws(3, 4))
    alone = ContinuedStarts()
    alone.keep(*(end[1:] for end in all_at(7.0)))
    fresh = tuple(x[1:] for x in all_at(1.0))
    expected, _ = alone.instead_of((fresh[0], fresh[1]), draws(4))
    assert torch.equal(latent[1:], expected)
