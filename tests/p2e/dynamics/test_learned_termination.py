"""The learned termination: calibrated, nothing where no end was met, seeds apart, saved whole."""

import pytest
import torch
from torch import Tensor

from p2e.algorithm import Problem
from p2e.batch import TransitionBatch
from p2e.dynamics.learned_termination import ENDS, ROWS, LearnedTermination, draw_steps
from p2e.nn.generators import SeedGenerators

FIELDS = 2  # features of an observation


def problem(seeds: tuple[int, ...]) -> Problem:
    return Problem(seeds, FIELDS, 1, 1000, 100, None, torch.device("cpu"))


def true_probability(reached: Tensor) -> Tensor:
    """Rare where the first feature is small, half at 0.8; the second feature does not matter."""
    return torch.sigmoid(8 * (reached[..., 0] - 0.8))


def random_steps(generators: SeedGenerators, count: int) -> TransitionBatch:
    before, reached = (generators.uniform(-1, 1, count, FIELDS) for _ in range(2))
    action = generators.uniform(-1, 1, count, 1)
    ended = generators.uniform(0, 1, count) < true_probability(reached)
    reward = torch.zeros(len(generators), count)
    return TransitionBatch(before, action, reward, reached, ended.float())


@pytest.fixture(scope="module")
def trained() -> LearnedTermination:
    """Two seeds; the second has never met an end."""
    termination = LearnedTermination(problem((100, 101)))
    real = random_steps(SeedGenerators((100, 101), "real"), 6000)
    real.terminated[1] = 0
    for _ in range(4):
        metrics = termination.train_on(real)
    assert metrics["termination_loss"].shape == (2,)
    return termination


def test_probabilities_are_calibrated(trained: LearnedTermination) -> None:
    """Among steps that are said to end with some probability, about that share has to end."""
    fresh = random_steps(SeedGenerators((102, 103), "fresh"), 40_000)
    said = trained.probability(fresh.observation, fresh.action, fresh.next_observation)[0]
    true = true_probability(fresh.next_observation)[0]
    assert said.mean() == pytest.approx(float(true.mean()), rel=0.2)
    for low, high in ((0.0, 0.05), (0.05, 0.2), (0.2, 0.5), (0.5, 1.0)):
        here = (said >= low) & (said < high)
        assert here.sum() > 500
        assert said[here].mean() == pytest.approx(float(true[here].mean()), abs=0.06)


def test_draws_have_the_probabilities(trained: LearnedTermination) -> None:
    observation, action = torch.zeros(2, 20_000, FIELDS), torch.zeros(2, 20_000, 1)
    reached = torch.full((2, 20_000, FIELDS), 0.7)
    said = trained.probability(observation, action, reached)[0, 0]
    drawn = trained(observation, action, reached)
    assert drawn.dtype == torch.bool
    assert drawn[0].float().mean() == pytest.approx(float(said), abs=0.02)


def test_a_seed_that_met_no_end_imagines_none(trained: LearnedTermination) -> None:
    steps = random_steps(SeedGenerators((104, 105), "fresh"), 1000)
    said = trained.probability(steps.observation, steps.action, steps.next_observation)
    assert said[0].min() > 0 and said[1].max() == 0


def test_weights_undo_the_selection() -> None:
    """The weighted share of ends in a batch is their share among all steps, on average."""
    generators = SeedGenerators((100, 101, 102), "draws")
    ended = torch.zeros(3, 500)
    ended[0, :5] = 1
    ended[1, ::2] = 1
    ends_first = ended.argsort(dim=1, descending=True, stable=True)
    shares, totals, picked = torch.zeros(3), torch.zeros(3), torch.zeros(3)
    for _ in range(400):
        rows, weights = draw_steps(ended, ends_first, generators)
        of_ends = ended.take_along_dim(rows, dim=1)
        assert rows.shape == weights.shape == (3, ROWS)
        shares += (weights * of_ends).mean(dim=1) / 400
        totals += weights.mean(dim=1) / 400
        picked += of_ends.mean(dim=1) / 400
    assert shares.tolist() == pytest.approx([0.01, 0.5, 0.0], rel=0.05)
    assert totals.tolist() == pytest.approx([1.0, 1.0, 1.0], abs=0.01)
    assert picked[0] > ENDS / ROWS


def test_a_seed_alone_learns_the_same() -> None:
    both, alone = LearnedTermination(problem((100, 101))), LearnedTermination(problem((101,)))
    real = random_steps(SeedGenerators((100, 101), "real"), 300)
    both.train_on(real)
    alone.train_on(TransitionBatch(*(field[1:] for field in real)))
    steps = random_steps(SeedGenerators((100, 101), "fresh"), 50)
    fields = steps.observation, steps.action, steps.next_observation
    expected = both.probability(*fields)[1:]
    assert torch.allclose(alone.probability(*(f[1:] for f in fields)), expected, atol=1e-5)
    other = LearnedTermination(problem((101,)))
    other.load_state_dict(alone.state_dict())
    found = other.probability(*(f[1:] for f in fields))
    assert torch.equal(found, alone.probability(*(f[1:] for f in fields)))
