"""Imagined trajectories: their start states and their length."""

import pytest
import torch

from p2e.algorithms.plan2explore.reward_free import ZeroShot
from p2e.exploration.latent_imagination import Trajectories, best_of_each
from p2e.exploration.settings import MODES
from tests.conftest import MakeChain
from tests.p2e.algorithms.test_plan2explore import advance, make_loop, plan2explore, seen_by


@pytest.mark.parametrize("mode", MODES)
def test_how_many_trajectories_follow_whom(chain: MakeChain, mode: str) -> None:
    """In the reward-free modes the task policy has a separate imagination."""
    trained = plan2explore(make_loop(chain, mode=mode, imagined_starts=128))
    if mode == "joint":
        assert trained.imagination.trajectories == Trajectories(random=32, explorer=48, task=48)
    else:
        assert trained.imagination.trajectories == Trajectories(random=80, explorer=48)
    if isinstance(trained, ZeroShot):
        assert trained.task_imagination.trajectories == Trajectories(task=48)
        assert trained.lone_trajectories == Trajectories(random=32, task=96)


def test_the_best_of_each_group_of_each_seed() -> None:
    values = torch.tensor([[3.0, 1.0, 2.0, 0.0, -1.0, 5.0], [0.0, 0.0, 9.0, -3.0, -2.0, -4.0]])
    assert best_of_each(values, starts=2).tolist() == [[0, 5], [2, 4]]
    assert best_of_each(values, starts=6).tolist() == [[0, 1, 2, 3, 4, 5]] * 2


def test_an_imagination_reaches_as_far_as_its_horizon(chain: MakeChain) -> None:
    loop = advance(make_loop(chain, horizon=3, imagined_starts=8), steps=7)
    assert plan2explore(loop).imagination_buffer.size == 3 * 8


@pytest.mark.parametrize(("share", "promising"), [(0.0, 0), (0.5, 3), (1.0, 6)])
def test_the_promising_share_of_each_policys_starts_comes_from_all_replay(
    chain: MakeChain, monkeypatch: pytest.MonkeyPatch, share: float, promising: int
) -> None:
    monkeypatch.setattr("p2e.exploration.latent_imagination.PROMISING_SHARE", share)
    loop = make_loop(chain, imagined_starts=16)
    trained = plan2explore(advance(loop, steps=7))
    seen = seen_by(trained)
    group = trained.imagination.trajectories
    assert group == (4, 6, 6)
    starts, _ = trained.imagination._choose_starts(seen, trained.sac_buffer)
    # Starts from replay are encoded again, by a world model that has been updated since.
    of_windows = (starts.unsqueeze(2) == seen[0].unsqueeze(1)).all(dim=3).any(dim=2)
    random, *policies = of_windows.split(group, dim=1)
    assert random.all()
    for policy in policies:
        assert (~policy).sum(dim=1).tolist() == [promising] * 2
