"""TRPO learns, on both seeds, to walk along the chain, where the reward is the action."""

from typing import Any

import pytest

from p2e.algorithms import trpo
from tests.conftest import MakeChain
from tests.p2e.algorithms.test_trpo import SEEDS, make_loop
from tests.p2e.loop.test_resume import run

UPDATES, STEPS = 25, 128
SETTINGS: dict[str, Any] = {
    "hidden": [16, 16],
    "steps_per_update": STEPS,
    "value_batch_size": 32,
    "max_kl": 0.03,
}


def returns(chain: MakeChain) -> list[float]:
    """The mean return of each seed in the last evaluation."""
    loop = make_loop(chain, steps=UPDATES * STEPS, interval=UPDATES * STEPS, **SETTINGS)
    run(loop)
    last = [row for row in loop.recorder.tables["evaluation"] if row["step"] == UPDATES * STEPS]
    values = [[row["return"] for row in last if row["seed"] == seed] for seed in SEEDS]
    return [sum(one) / len(one) for one in values]


def test_it_goes_to_the_goal(chain: MakeChain) -> None:
    """From -0.5 to the goal at 2 it is 2.5; the policy starts with actions near 0."""
    assert all(value > 2.0 for value in returns(chain))


def test_it_would_not_without_its_natural_gradient(
    chain: MakeChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trpo, "natural_step", lambda product, gradient, steps, kl: 0 * gradient)
    assert all(value < 1.0 for value in returns(chain))
