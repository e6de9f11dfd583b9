"""What is imagined: from which starts, and how far."""

import pytest

from tests.conftest import MakeChain
from tests.test_plan2explore import advance, make_loop, plan2explore


def test_an_imagination_reaches_as_far_as_its_horizon(chain: MakeChain) -> None:
    loop = advance(make_loop(chain, horizon=3, imagined_starts=8), steps=7)
    assert plan2explore(loop).imagination.rows.size == 3 * 8


@pytest.mark.parametrize(("share", "promising"), [(0.0, 0), (0.5, 3), (1.0, 6)])
def test_the_promising_share_of_each_policys_starts_comes_from_all_replay(
    chain: MakeChain, share: float, promising: int
) -> None:
    loop = make_loop(chain, imagined_starts=16, promising_share=share)
    trained = plan2explore(advance(loop, steps=7))
    imagination, seen = trained.imagination, trained.states.latent
    (group,) = imagination._groups(exploring=True)
    assert group == (4, 6, 6)
    starts, _ = imagination._states_to_start_from(group, trained.states, trained.sac_buffer)
    # Those of replay are encoded anew, by a world that has learned since.
    of_windows = (starts.unsqueeze(2) == seen.unsqueeze(1)).all(dim=3).any(dim=2)
    undirected, *policies = of_windows.split(group, dim=1)
    assert undirected.all()
    for policy in policies:
        assert (~policy).sum(dim=1).tolist() == [promising] * 2
