"""Plan2Explore killed and resumed, with all of its state in use."""

from functools import partial
from typing import Any

import pytest

from p2e.loop.training_loop import TrainingLoop
from tests.conftest import MakeChain
from tests.p2e.algorithms.test_plan2explore import make_loop, run
from tests.p2e.loop.test_resume import assert_bit_identical, outcome, run_until


def make(chain: MakeChain, mode: str) -> TrainingLoop:
    """Rewards of about +-8, so that their scale matters; two policies act in turn."""
    config: dict[str, Any] = {"mode": mode, "task_share": 0.5, "adaptation_updates": 6}
    return make_loop(partial(chain, noise=10.0), **config)


@pytest.fixture(autouse=True)
def curious(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disagreement is rewarded below its mean, too, so that runs this short are paid for it."""
    monkeypatch.setattr("p2e.curiosity.step_units.UNKNOWN", 0.5)


@pytest.mark.parametrize(("mode", "kill_at"), [("joint", 3), ("joint", 13), ("zero-shot", 13)])
def test_a_killed_run_ends_with_the_same_bits(chain: MakeChain, mode: str, kill_at: int) -> None:
    whole = run(make(chain, mode))
    state = run_until(make(chain, mode), kill_at)
    resumed = make(chain, mode)
    resumed.load_state_dict(state)
    assert_bit_identical(outcome(whole), outcome(run(resumed)))


def test_what_a_kill_may_lose_is_in_use(chain: MakeChain) -> None:
    """Otherwise the test above could not tell whether the state is restored."""
    state = run_until(make(chain, "joint"), 13)
    assert (state["attributes"]["intrinsic_return"] > 0).all()
    assert state["algorithm"]["turns"]["met"].all()
    scale = state["algorithm"]["task_scale"]
    assert (scale["average"] / scale["weight"] > 1).all()
    assert state["parts"]["seen"]["count"] == 13
