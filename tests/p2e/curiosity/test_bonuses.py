"""Bonuses: known answers, running scale, seeds, and saved states."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from p2e.algorithm import Problem
from p2e.batch import Transition, TransitionBatch
from p2e.config import ConfigError
from p2e.curiosity.bonus import Bonus
from p2e.curiosity.bonuses import BONUSES
from p2e.curiosity.elliptical_novelty import REACH, EllipticalNovelty, RandomFourierFeatures
from p2e.curiosity.observation_disagreement import ObservationDisagreement
from p2e.curiosity.settings import ExplorationConfig
from p2e.curiosity.state_novelty import StateNovelty, nearest_distances
from p2e.metrics import Metrics
from p2e.nn.generators import SeedGenerators
from p2e.replay.buffers import buffer_of

PROBLEM = Problem((0, 1), 2, 1, 500, 50, None, torch.device("cpu"))
PAYING = sorted(BONUSES.keys() - {"none"})


def bonus_named(name: str, seeds: tuple[int, ...] = (0, 1), weight: float = 1.0) -> Bonus:
    return ExplorationConfig(bonus=name, weight=weight).bonus_for(replace(PROBLEM, seeds=seeds))


def rows_at(observation: torch.Tensor) -> TransitionBatch:
    """Rows (S, B, 2) that move by a curved function of where they are."""
    action = torch.full((*observation.shape[:2], 1), 0.5)
    following = observation + 0.1 * torch.sin(3 * observation)
    flat = torch.zeros(observation.shape[:2])
    return TransitionBatch(observation, action, flat, following, flat)


def near_and_far(seeds: int = 2) -> tuple[TransitionBatch, TransitionBatch]:
    generator = torch.Generator().manual_seed(0)
    near = torch.randn(1, 500, 2, generator=generator).expand(seeds, -1, -1)
    return rows_at(near), rows_at(near * 0.1 + 4.0)


@pytest.mark.parametrize("name", PAYING)
def test_where_it_has_been_pays_less_than_where_it_has_not(name: str) -> None:
    bonus, (near, far) = bonus_named(name), near_and_far()
    bonus.see(near)
    replay = buffer_of(near)
    for _ in range(400):
        bonus.learn_from(replay)
    assert (bonus.score(far).mean(dim=1) > 5 * bonus.score(near).mean(dim=1)).all()
    assert (bonus.reward(far).mean(dim=1) > 1.5).all()


def test_rnd_falls_where_it_learns_and_stays_high_elsewhere() -> None:
    bonus, (near, far) = bonus_named("rnd"), near_and_far()
    bonus.see(near)
    replay, before = buffer_of(near), (bonus.score(near).mean(), bonus.score(far).mean())
    for _ in range(150):
        bonus.learn_from(replay)
    after = bonus.score(near).mean(), bonus.score(far).mean()
    assert after[0] < 0.01 * before[0]
    assert after[1] / after[0] > 5 * before[1] / before[0]


def test_a_state_that_was_often_met_is_no_novelty() -> None:
    novelty = StateNovelty(PROBLEM, 1.0)
    novelty.see(rows_at(torch.tensor([[[0.0, 0.0]] * 3 + [[1.0, 1.0]]] * 2)))
    scores = novelty.score(rows_at(torch.tensor([[[0.0, 0.0], [1.0, 1.0]]] * 2)))
    assert scores[:, 0].tolist() == [0.0, 0.0]
    # Of the three nearest states of the other one it is one itself, and two are equally far.
    first, last = (
        novelty.units(rows_at(torch.full((2, 1, 2), x)).next_observation) for x in (0.0, 1.0)
    )
    far = (first - last)[0, 0].norm().item()
    assert scores[0, 1].item() == pytest.approx(2 * far / 3, rel=1e-5)


def test_nearest_distances_are_those_of_differences() -> None:
    draws = torch.Generator().manual_seed(0)
    states, others = (torch.randn(2, n, 3, generator=draws) for n in (40, 200))
    others[:, :3] = states[:, :1] + torch.tensor([0.0, 1e-4, -3e-4]).view(1, 3, 1)
    exact = torch.cdist(states, others, compute_mode="donot_use_mm_for_euclid_dist")
    expected = exact.topk(3, dim=2, largest=False).values
    torch.testing.assert_close(nearest_distances(states, others), expected, atol=1e-6, rtol=1e-5)
    assert nearest_distances(states, others)[:, 0, 0].tolist() == [0.0, 0.0]


def test_elliptical_novelty_falls_with_the_number_of_visits() -> None:
    bonus, met = EllipticalNovelty(PROBLEM, 1.0), 9
    rows = rows_at(torch.full((2, met, 2), 0.3))
    before = bonus.score(rows)[:, :1]
    torch.testing.assert_close(before, torch.ones(2, 1), atol=0.2, rtol=0)
    bonus.see(rows)
    bonus.learn_from(buffer_of(rows))
    now = bonus.features(bonus.units.steps(rows.next_observation) / REACH).square().sum(dim=2)
    expected = now[:, :1] / (1 + met * now[:, :1])
    torch.testing.assert_close(bonus.score(rows)[:, :1], expected)


def test_states_are_alike_within_a_few_steps() -> None:
    draws = SeedGenerators((0, 1), "test", torch.device("cpu"))
    apart = torch.tensor([0.0, 0.5, 1.0, 2.0, 5.0])
    features = RandomFourierFeatures(3, 4000, draws)(apart.view(1, -1, 1).expand(2, -1, 3))
    products = (features * features[:, :1]).sum(dim=2)
    expected = (-apart.square() / 2).exp().expand(2, -1)
    torch.testing.assert_close(products, expected, atol=0.05, rtol=0)


@pytest.mark.parametrize("name", PAYING)
def test_rewards_are_logarithms_in_units_of_their_running_mean(name: str) -> None:
    bonus, (near, far) = bonus_named(name), near_and_far()
    bonus.see(near)
    assert bonus.of_step(first_step(near)) is None  # nothing is known yet about the scale
    replay = buffer_of(near)
    for _ in range(100):
        metrics = bonus.learn_from(replay)
    paid = bonus.of_step(first_step(near))
    assert paid is not None and paid.shape == (2,)
    mean = (bonus.scale.average / bonus.scale.weight).unsqueeze(1)
    state = bonus.state_dict()  # novelty draws a sample for each question
    units = bonus.score(far) / mean
    bonus.load_state_dict(state)
    torch.testing.assert_close(bonus.reward(far), (units / 2).clamp(min=1.0).log())
    # Of rows like those that the mean is about, the bonus is mostly none.
    assert (metrics["bonus"] >= 0).all() and (metrics["bonus"] < 0.5).all()


def test_observations_are_predicted_in_units_of_their_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each feature changes by a constant, so that one step is one unit."""
    bonus, (near, _) = ObservationDisagreement(PROBLEM, 1.0), near_and_far()
    bonus.see(near)
    rows = near._replace(next_observation=near.observation + torch.tensor([0.5, -0.25]))
    targets: list[torch.Tensor] = []

    def learn(latent: torch.Tensor, action: torch.Tensor, change: torch.Tensor) -> Metrics:
        targets.append(change)
        return {}

    monkeypatch.setattr(bonus.ensemble, "learn", learn)
    bonus.learn_from(buffer_of(rows))
    (target,) = targets
    torch.testing.assert_close(target, torch.tensor([1.0, -1.0]).expand_as(target))


def first_step(rows: TransitionBatch) -> Transition:
    seeds = rows.reward.shape[0]
    ended, memory = torch.zeros(seeds, dtype=torch.bool), torch.zeros(seeds, 0)
    step = rows.observation[:, 0], rows.action[:, 0], rows.reward[:, 0]
    return Transition(*step, rows.next_observation[:, 0], ended, ended, memory)


@pytest.mark.parametrize("name", PAYING)
def test_paid_rows_have_the_weighted_bonus_and_nothing_else_changed(name: str) -> None:
    bonus, (near, far) = bonus_named(name, weight=0.5), near_and_far()
    bonus.see(near)
    bonus.learn_from(buffer_of(near))
    rows = far._replace(reward=torch.full_like(far.reward, 3.0))
    state = bonus.state_dict()  # novelty draws a sample for each question
    expected = 3.0 + 0.5 * bonus.reward(rows)
    bonus.load_state_dict(state)
    paid = bonus.paid(rows)
    assert torch.equal(paid.reward, expected)
    assert (paid.reward >= 3.0).all()
    assert all(a is b for a, b in zip(paid, rows, strict=True) if b is not rows.reward)


@pytest.mark.parametrize("name", PAYING)
def test_a_seed_has_the_same_bonus_alone_and_in_a_group(name: str) -> None:
    rewards = []
    for seeds, place in (((0, 1), 1), ((1,), 0)):
        bonus, (near, far) = bonus_named(name, seeds), near_and_far(len(seeds))
        bonus.see(near)
        for _ in range(3):
            bonus.learn_from(buffer_of(near))
        rewards.append(bonus.reward(far)[place])
    torch.testing.assert_close(*rewards)


@pytest.mark.parametrize("name", PAYING)
def test_it_goes_on_where_it_was_saved(name: str) -> None:
    one, other, (near, far) = bonus_named(name), bonus_named(name, (7, 8)), near_and_far()
    one.see(near)
    one.learn_from(buffer_of(near))
    other.load_state_dict(one.state_dict())
    for _ in range(2):
        metrics = [bonus.learn_from(buffer_of(near)) for bonus in (one, other)]
        assert all(torch.equal(metrics[0][key], metrics[1][key]) for key in metrics[0])
    assert torch.equal(one.reward(far), other.reward(far))


def test_without_a_bonus_rows_stay_as_they_are() -> None:
    bonus, (near, _) = bonus_named("none"), near_and_far()
    assert bonus.learn_from(buffer_of(near)) == {}
    assert bonus.paid(near) is near
    assert bonus.state_dict() == {}


@pytest.mark.parametrize(
    ("key", "value", "known"),
    [
        ("noise", "blue", "'white', 'pink', 'red'"),
        ("bonus", "rdn", "'disagreement'"),
        ("weight", -1.0, "0 or more"),
        ("weight", None, "a number with the bonus 'none'"),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(key: str, value: Any, known: str) -> None:
    with pytest.raises(ConfigError, match=f"'exploration.{key}' is {value!r}.*{known}"):
        ExplorationConfig(**{key: value})
