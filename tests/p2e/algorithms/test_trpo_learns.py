"""TRPO learns, on both seeds, to walk along the chain, where the reward is the action."""

from tests.conftest import MakeChain
from tests.p2e.algorithms.test_trpo import SEEDS, make_loop
from tests.p2e.loop.test_resume import run

UPDATES, STEPS = 20, 64


def test_it_goes_to_the_goal(chain: MakeChain) -> None:
    """From -0.5 to the goal at 2 it is 2.5; the policy starts with actions near 0."""
    steps = UPDATES * STEPS
    loop = make_loop(
        chain,
        steps=steps,
        interval=steps,
        hidden=[16, 16],
        steps_per_update=STEPS,
        value_batch_size=32,
        max_kl=0.05,
    )
    run(loop)
    rows = loop.recorder.tables["evaluation"]
    for seed in SEEDS:
        first, last = (
            [row["return"] for row in rows if row["seed"] == seed and row["step"] == step]
            for step in (0, steps)
        )
        assert max(first) < 1.0
        assert len(last) == 2 and min(last) > 1.5
