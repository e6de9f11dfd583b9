"""Coloured noise: its spectrum, its variance at each step, its seeds, and where agents use it."""

from dataclasses import replace

import pytest
import torch

from p2e.agent.coloured_noise import EXPONENTS, ColouredNoise
from p2e.agent.settings import SoftActorCriticConfig
from p2e.agent.soft_actor_critic import SoftActorCritic
from p2e.nn.generators import SeedGenerators
from tests.p2e.replay.test_replay_capacity import PROBLEM

LENGTH, SEQUENCES = 256, 2000


def noise(
    exponent: float, length: int, actions: int, seeds: tuple[int, ...] = (0,)
) -> ColouredNoise:
    return ColouredNoise(SeedGenerators(seeds, "test noise"), actions, exponent, length)


def steps(of: ColouredNoise, count: int) -> torch.Tensor:
    """(S, A, count)."""
    return torch.stack([of.next() for _ in range(count)], dim=-1)


@pytest.mark.parametrize("length", [255, LENGTH])
@pytest.mark.parametrize("colour", EXPONENTS)
def test_power_falls_with_the_frequency_as_the_colour_says(colour: str, length: int) -> None:
    drawn = steps(noise(EXPONENTS[colour], length, SEQUENCES), length)[0]
    power = torch.fft.rfft(drawn).abs().square().mean(dim=0)[1 : length // 2]
    frequency = torch.arange(1, length // 2)
    centred = frequency.log() - frequency.log().mean()
    slope = (centred * power.log()).sum() / centred.square().sum()
    assert slope == pytest.approx(-EXPONENTS[colour], abs=0.02)


@pytest.mark.parametrize("length", [1, 2, 7, LENGTH])
@pytest.mark.parametrize("colour", EXPONENTS)
def test_every_step_is_standard_normal(colour: str, length: int) -> None:
    drawn = steps(noise(EXPONENTS[colour], length, 20_000), length)[0]
    assert drawn.square().mean(dim=0).sub(1).abs().max() < 0.06
    assert drawn.mean(dim=0).abs().max() < 0.05
    assert drawn.pow(4).mean() == pytest.approx(3.0, abs=0.2)


def test_white_noise_is_independent_and_pink_noise_is_not() -> None:
    white, pink = (
        steps(noise(EXPONENTS[colour], LENGTH, SEQUENCES), LENGTH)[0]
        for colour in ("white", "pink")
    )
    # Pink noise of this length: 0.74 from one step to the next (by its spectrum), 0.45 after ten.
    for drawn, of_next in ((white, 0.0), (pink, 0.74)):
        assert (drawn[:, 1:] * drawn[:, :-1]).mean() == pytest.approx(of_next, abs=0.03)


def test_action_dimensions_are_independent() -> None:
    drawn = steps(noise(2.0, LENGTH, SEQUENCES), LENGTH)[0]
    assert abs((drawn[: SEQUENCES // 2] * drawn[SEQUENCES // 2 :]).mean().item()) < 0.05


def test_a_new_sequence_begins_when_one_is_used_up() -> None:
    drawn = steps(noise(2.0, 10, 3), 30)[0]
    first, second, third = drawn.split(10, dim=-1)
    assert not torch.equal(first, second) and not torch.equal(second, third)


def test_a_seed_has_the_same_noise_alone_and_in_a_group() -> None:
    both = steps(noise(1.0, 8, 2, seeds=(3, 4)), 20)
    alone = steps(noise(1.0, 8, 2, seeds=(4,)), 20)
    torch.testing.assert_close(both[1:], alone, rtol=0, atol=0)


def test_it_goes_on_where_it_was_saved() -> None:
    one, other = noise(1.0, 8, 2), noise(1.0, 8, 2, seeds=(9,))
    steps(one, 11)
    other.load_state_dict(one.state_dict())
    assert torch.equal(steps(one, 20), steps(other, 20))


def agent(colour: str) -> SoftActorCritic:
    problem = replace(PROBLEM, horizon=200)
    return SoftActorCritic.of_problem(problem, 3, SoftActorCriticConfig(hidden=(8,)), noise=colour)


def test_an_agent_explores_with_coloured_noise_and_imagines_with_white() -> None:
    features = torch.zeros(2, 1, 3)
    of_agent = agent("red")
    explored = torch.cat([of_agent.explore(features) for _ in range(200)], dim=1).atanh()
    imagined = of_agent.act(features.expand(2, 200, 3), deterministic=False).atanh()
    # Independent draws differ by twice their variance, those of red noise by hardly any of it.
    assert explored.diff(dim=1).square().mean() < 0.2 * explored.var()
    assert imagined.diff(dim=1).square().mean() > imagined.var()


def test_white_exploration_is_the_policy_s_own_sampling() -> None:
    features = torch.randn(2, 1, 3)
    one, other = agent("white"), agent("white")
    assert torch.equal(one.explore(features), other.act(features, deterministic=False))
    assert one.warmup_actions() is None


def test_the_warm_up_is_uniform_in_the_same_colour() -> None:
    of_agent = agent("pink")
    drawn = [of_agent.warmup_actions() for _ in range(4000)]
    actions = torch.stack([d for d in drawn if d is not None])
    assert len(actions) == len(drawn)
    assert actions.abs().max() <= 1
    # Of uniform numbers in [-1, 1] the mean is 0 and the mean square 1/3.
    assert actions.square().mean() == pytest.approx(1 / 3, abs=0.02)
    quarters = torch.histc(actions, bins=4, min=-1, max=1) / actions.numel()
    torch.testing.assert_close(quarters, torch.full((4,), 0.25), rtol=0, atol=0.03)
