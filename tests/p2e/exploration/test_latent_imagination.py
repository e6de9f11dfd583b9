"""Imagined trajectories: their start states and their length."""

import pytest
import torch

from p2e.algorithms.plan2explore.reward_free import ZeroShot
from p2e.exploration.latent_imagination import Trajectories, best_of_each
from p2e.exploration.settings import MODES
from p2e.replay.buffers import RowBuffer
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


@pytest.mark.parametrize(("share", "of_explorer", "of_task"), [(0, 0, 0), (0.5, 3, 2), (1, 6, 4)])
def test_the_promising_share_of_each_policys_starts_comes_from_all_replay(
    chain: MakeChain, monkeypatch: pytest.MonkeyPatch, share: float, of_explorer: int, of_task: int
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
    random, explorer, task = of_windows.split(group, dim=1)
    assert random.all()
    assert (~explorer).sum(dim=1).tolist() == [of_explorer] * 2
    proven = 2
    assert (~task).sum(dim=1).tolist() == [of_task + proven] * 2


def test_the_first_imagination_has_no_proven_starts(chain: MakeChain) -> None:
    trained = plan2explore(advance(make_loop(chain, imagined_starts=16), steps=7))
    trained.imagination.proven = RowBuffer(2, 16, trained.imagination.proven.widths)
    starts, _ = trained.imagination._choose_starts(seen_by(trained), trained.sac_buffer)
    assert starts.shape[1] == 16
    trained.imagine()
    assert trained.imagination.proven.size == 16


def test_proven_starts_are_those_that_were_worth_most(chain: MakeChain) -> None:
    trained = plan2explore(advance(make_loop(chain, imagined_starts=16), steps=7))
    imagination, model = trained.imagination, trained.world.model
    observation = torch.randn(2, 16, 2)
    worth = torch.zeros(2, 16, 1)
    worth[0, 3], worth[1, 9] = 1.0, 2.0
    memory = torch.randn(2, 16, model.memory_size)
    imagination.proven.add({"observation": observation, "memory": memory, "worth": worth})
    latent, kept = imagination._proven_starts(200)
    best = model.encode(torch.stack([observation[0, 3:4], observation[1, 9:10]]))
    for found, expected in ((latent, best), (kept, torch.stack([memory[0, 3:4], memory[1, 9:10]]))):
        share = torch.isclose(found, expected, atol=1e-5).all(dim=2).float().mean(dim=1)
        # One of 8 candidates is the best of 16 with a probability of 1 - (15/16)^8 = 0.40.
        assert ((share > 0.3) & (share < 0.5)).all()


def test_an_imagination_is_worth_its_rewards_and_what_the_policy_expects_after_it(
    chain: MakeChain,
) -> None:
    trained = plan2explore(advance(make_loop(chain, imagined_starts=16), steps=7))
    steps = {
        "reward": torch.tensor([1.0, 2.0]).view(1, 2, 1, 1).repeat(2, 1, 3, 1),
        "terminated": torch.tensor([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
        .view(1, 2, 3, 1)
        .repeat(2, 1, 1, 1),
        "next_observation": torch.randn(2, 2, 3, trained.world.features.size),
    }
    after = trained.task_agent.value(steps["next_observation"][:, 1])
    discount = trained.config.agent.discount
    worth = trained.imagination._worth(steps).squeeze(-1)
    torch.testing.assert_close(worth[:, 0], 1 + discount * (2 + discount * after[:, 0]))
    assert worth[:, 1].tolist() == [pytest.approx(1 + discount * 2)] * 2
    assert worth[:, 2].tolist() == [1.0] * 2


def test_an_imagination_keeps_where_it_began(chain: MakeChain) -> None:
    trained = plan2explore(advance(make_loop(chain, imagined_starts=16), steps=7))
    imagination = trained.imagination
    steps = imagination.roll_out(seen_by(trained), trained.sac_buffer)
    kept = {name: imagination.proven.in_order(name) for name in ("observation", "memory", "worth")}
    began = trained.world.features.latent_of(steps["observation"][:, 0])
    torch.testing.assert_close(kept["observation"], trained.world.model.decode(began).detach())
    torch.testing.assert_close(kept["worth"], imagination._worth(steps))
