"""The line search: each seed goes as far as it may, or stays."""

import torch
from torch import Tensor

from p2e.on_policy.line_search import line_search

START = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]])
STEP = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [2.0, 0.0]])
MAX_KL, FACTOR = 0.5, 0.5


def length(vector: Tensor) -> Tensor:
    """As a share of the whole step."""
    return (vector - START).sum(dim=1) / STEP.sum(dim=1)


def trial(vector: Tensor) -> tuple[Tensor, Tensor]:
    """The first may go all the way, the second half of it before its KL divergence is too large,
    the third a quarter before it gets worse, and the fourth nowhere."""
    share = length(vector)
    kl = share * torch.tensor([0.5, 1.0, 0.1, 0.1])
    better = torch.tensor([True, True, False, False]) | (
        torch.tensor([False, False, True, False]) & (share <= 0.25)
    )
    return kl, torch.where(better, share, -share)


def test_each_seed_has_an_outcome_of_its_own() -> None:
    found = line_search(trial, START, STEP, MAX_KL, FACTOR, tries=10)
    assert found.tries.tolist() == [1, 2, 3, 0]
    shares = torch.tensor([1.0, 0.5, 0.25, 0.0])
    torch.testing.assert_close(length(found.vector), shares)
    torch.testing.assert_close(found.kl, shares * torch.tensor([0.5, 1.0, 0.1, 0.1]))
    torch.testing.assert_close(found.improvement, shares)


def test_a_seed_without_an_acceptable_step_keeps_its_parameters() -> None:
    found = line_search(trial, START, STEP, MAX_KL, FACTOR, tries=2)
    assert found.tries.tolist() == [1, 2, 0, 0]
    assert torch.equal(found.vector[2:], START[2:])
    assert not found.kl[2:].any() and not found.improvement[2:].any()


def test_what_is_not_a_number_is_not_accepted() -> None:
    def broken(vector: Tensor) -> tuple[Tensor, Tensor]:
        nan, fine = torch.full((4,), torch.nan), torch.ones(4)
        return torch.where(length(vector) > 0.3, nan, 0 * fine), fine

    found = line_search(broken, START, STEP, MAX_KL, FACTOR, tries=3)
    assert found.tries.tolist() == [3.0] * 4
    failed = line_search(broken, START, STEP, MAX_KL, FACTOR, tries=2)
    assert torch.equal(failed.vector, START)


def test_no_improvement_is_not_enough() -> None:
    def flat(vector: Tensor) -> tuple[Tensor, Tensor]:
        return torch.zeros(4), torch.zeros(4)

    found = line_search(flat, START, STEP, MAX_KL, FACTOR, tries=4)
    assert not found.tries.any() and torch.equal(found.vector, START)


def test_the_search_ends_when_all_have_a_step() -> None:
    calls = []

    def easy(vector: Tensor) -> tuple[Tensor, Tensor]:
        calls.append(vector)
        return torch.zeros(4), torch.ones(4)

    line_search(easy, START, STEP, MAX_KL, FACTOR, tries=10)
    assert len(calls) == 1 and torch.equal(calls[0], START + STEP)
