"""A task policy drawn anew: how often it imagines, what it doubts, and how fast it learns."""

import pytest

from p2e.algorithms.plan2explore import Plan2Explore
from p2e.exploration.settings import AdaptationConfig
from tests.conftest import MakeChain
from tests.test_plan2explore import advance, make_loop, plan2explore

UPDATES = 3


@pytest.fixture
def trained(chain: MakeChain) -> Plan2Explore:
    """One that has not adapted yet."""
    settings = AdaptationConfig(UPDATES, doubt=1.0)
    loop = make_loop(chain, mode="zero-shot", adaptation=settings, final_learning_rate=0.25)
    return plan2explore(advance(loop, steps=7))


def test_each_of_its_updates_imagines_anew(trained: Plan2Explore) -> None:
    trained.adaptation.run(trained.states, trained.sac_buffer)
    each = trained.config.horizon * trained.config.imagined_starts
    assert trained.adaptation._imagination.rows.size == UPDATES * each


def test_it_learns_what_to_doubt_of_the_world_as_it_has_become(trained: Plan2Explore) -> None:
    weights = trained.adaptation._doubt._network.weights
    before = weights.detach().clone()
    trained.adaptation.run(trained.states, trained.sac_buffer)
    assert (weights != before).any(dim=1).all()


def test_it_settles_within_its_own_updates(trained: Plan2Explore) -> None:
    fresh = trained.adaptation.fresh_agent.schedule
    assert [fresh.factor(0), fresh.factor(UPDATES)] == pytest.approx([1.0, 0.25])
    assert trained.task_agent.schedule.factor(UPDATES) > 0.25
