"""Adaptation of a reinitialised task policy: imagination, expected errors, learning rate."""

import pytest

from p2e.algorithms.plan2explore.reward_free import ZeroShot
from tests.conftest import MakeChain
from tests.p2e.algorithms.test_plan2explore import advance, make_loop, zero_shot

UPDATES = 3


@pytest.fixture
def trained(chain: MakeChain) -> ZeroShot:
    """An algorithm that has not adapted yet."""
    loop = make_loop(chain, mode="zero-shot", adaptation_updates=UPDATES, final_learning_rate=0.25)
    return zero_shot(advance(loop, steps=7))


def test_each_of_its_updates_imagines_again(trained: ZeroShot) -> None:
    trained.adaptation.run()
    each = trained.config.horizon * trained.config.imagined_starts
    assert trained.adaptation.imagination_buffer.size == UPDATES * each


def test_it_learns_which_errors_to_expect_of_the_world_as_it_has_become(trained: ZeroShot) -> None:
    weights = trained.adaptation.error_discount._network.weights
    before = weights.detach().clone()
    trained.adaptation.run()
    assert (weights != before).any(dim=1).all()


def test_it_settles_within_its_own_updates(trained: ZeroShot) -> None:
    fresh = trained.adaptation.fresh_agent.schedule
    assert [fresh.factor(0), fresh.factor(UPDATES)] == pytest.approx([1.0, 0.25])
    assert trained.task_agent.schedule.factor(UPDATES) > 0.25
