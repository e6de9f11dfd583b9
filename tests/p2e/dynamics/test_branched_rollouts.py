"""Branched rollouts: where they end, which rows are kept, and unequal numbers of rows."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from p2e.agent.settings import SoftActorCriticConfig
from p2e.agent.soft_actor_critic import SoftActorCritic
from p2e.batch import TransitionBatch
from p2e.config import ConfigError
from p2e.dynamics.branched_rollouts import Rollout, RolloutSchedule, branch
from p2e.dynamics.probabilistic_ensemble import Dynamics, DynamicsConfig
from p2e.nn.generators import SeedGenerators

Make = Callable[..., SeedGenerators]
REAL_MARK = 100.0  # the reward of real rows, far from any imagined reward below


def beyond_one(observation: Tensor, action: Tensor, reached: Tensor) -> Tensor:
    """The toy task terminates when the first feature exceeds 1."""
    return reached[..., 0] > 1.0


def counting_dynamics(generators: SeedGenerators, change: float) -> Dynamics:
    """A model that adds `change` to each feature of the observation, with reward `change`."""
    dynamics = Dynamics(2, 1, DynamicsConfig(hidden=()), generators)
    with torch.no_grad():
        weight, bias = dynamics.network.layers[-1]
        weight.zero_()
        bias[..., :3], bias[..., 3:] = change, -60.0
        dynamics.min_log_variance.fill_(-60.0)
    return dynamics


def agent_of(generators: SeedGenerators) -> SoftActorCritic:
    return SoftActorCritic(2, 1, SoftActorCriticConfig(hidden=(8,)), generators, generators)


def start_rows(observation: Tensor) -> TransitionBatch:
    seeds, rows, _ = observation.shape
    mark = torch.full((seeds, rows), REAL_MARK)
    zeros = torch.zeros(seeds, rows)
    return TransitionBatch(observation, zeros.unsqueeze(-1), mark, observation, zeros)


def test_length_of_rollouts_grows_in_whole_steps() -> None:
    hopper = RolloutSchedule(1, 15, 20_000, 150_000)
    steps = [0, 20_000, 29_285, 29_286, 85_000, 149_999, 150_000, 10**6]
    assert [hopper.length(step) for step in steps] == [1, 1, 1, 2, 8, 14, 15, 15]
    assert [hopper.longest(steps) for steps in (10_000, 30_000, 10**6)] == [1, 2, 15]
    assert RolloutSchedule(4, 2).longest(10**6) == 4
    assert RolloutSchedule().length(10**6) == 1
    with pytest.raises(ConfigError, match=r"'rollout.end_step' is 5, expected more than"):
        RolloutSchedule(1, 2, 5, 5)


def test_no_row_follows_a_predicted_termination(generators: Make) -> None:
    streams = generators(0, 1)
    dynamics = counting_dynamics(streams, 0.4)
    # The first branch of seed 0 ends at its third step, its second at its first; seed 1's second
    # branch continues to the end.
    observation = torch.tensor([[[0.0, 0], [0.8, 0]], [[0.3, 0], [-9.0, 0]]])
    rollout = branch(agent_of(streams), dynamics, beyond_one, start_rows(observation), 5, streams)
    valid = rollout.valid.view(2, 5, 2)
    assert valid[0].T.int().tolist() == [[1, 1, 1, 0, 0], [1, 0, 0, 0, 0]]
    assert valid[1].T.int().tolist() == [[1, 1, 0, 0, 0], [1, 1, 1, 1, 1]]
    ended = rollout.steps.terminated.view(2, 5, 2) * valid
    assert ended[0].T.tolist() == [[0, 0, 1, 0, 0], [1, 0, 0, 0, 0]]
    assert ended[1].T.tolist() == [[0, 1, 0, 0, 0], [0, 0, 0, 0, 0]]
    position = rollout.steps.observation[..., 0].view(2, 5, 2)[1, :, 1]
    torch.testing.assert_close(position, -9.0 + 0.4 * torch.arange(5))
    reached = rollout.steps.next_observation[..., 0].view(2, 5, 2)[1, :, 1]
    torch.testing.assert_close(reached, -9.0 + 0.4 * torch.arange(1, 6))
    metrics = {name: value.tolist() for name, value in rollout.metrics().items()}
    expected = {"rollout_length": [5, 5], "imagined_rows": [4, 7], "dropped_rows": [0, 0]}
    assert metrics == expected


def test_rollouts_follow_the_current_policy(generators: Make) -> None:
    streams = generators(0)
    agent = agent_of(streams)
    with torch.no_grad():
        bias = agent.actor.network.layers[-1].bias
        bias[..., 0], bias[..., 1] = 20.0, -20.0
    start = start_rows(torch.zeros(1, 3, 2))
    dynamics = counting_dynamics(streams, 0.1)
    rollout = branch(agent, dynamics, beyond_one, start, 2, streams)
    assert (rollout.steps.action > 0.99).all()


def test_rows_that_are_not_finite_are_dropped_and_counted(generators: Make) -> None:
    streams = generators(0, 1)
    dynamics = counting_dynamics(streams, 0.0)
    with torch.no_grad():
        bias = dynamics.network.layers[-1].bias
        bias[0, 2, :, 0] = torch.inf  # one of the five elites of seed 0
        bias[0, 3, :, 2] = torch.nan  # another's reward
    start = start_rows(torch.zeros(2, 50, 2))
    rollout = branch(agent_of(streams), dynamics, beyond_one, start, 1, streams)
    assert rollout.metrics()["dropped_rows"].tolist() == [20, 0]
    assert rollout.metrics()["imagined_rows"].tolist() == [30, 50]
    rows = rollout.rows(start, streams)
    assert all(field.isfinite().all() for field in rows.values())
    assert rows["reward"].max() < REAL_MARK


def test_rows_far_beyond_anything_real_are_dropped_and_counted(generators: Make) -> None:
    """Training rows are within 10 scales of the mean; predictions may be up to 100 away."""
    streams = generators(0)
    for change, dropped in ((0.19, 0), (0.21, 50)):
        dynamics = counting_dynamics(streams, 0.0)
        dynamics.observation_scale.scale.fill_(0.001)
        dynamics.observation_scale.mean.fill_(0.1)
        with torch.no_grad():
            dynamics.network.layers[-1].bias[..., 1] = change  # to 0.1 - 0.1 + change, of 0.001
        start = start_rows(torch.zeros(1, 50, 2))
        start.observation[..., 0] = 0.1
        rollout = branch(agent_of(streams), dynamics, beyond_one, start, 1, streams)
        assert rollout.metrics()["dropped_rows"].tolist() == [dropped]
        reward = rollout.rows(start, streams)["reward"]
        assert ((reward == REAL_MARK) == bool(dropped)).all()
    exploded = counting_dynamics(streams, 0.0)
    exploded.target_scale.scale.fill_(0.01)
    reward = torch.tensor([[0.9, -0.9, 1.1, -1.1, torch.nan]])
    near = exploded.plausible(torch.zeros(1, 5, 2), reward)
    assert near.tolist() == [[True, True, False, False, False]]


def numbered_rollout(valid: list[list[int]]) -> Rollout:
    """Rows with their index as reward."""
    flags = torch.tensor(valid, dtype=torch.bool)
    number = torch.arange(flags.shape[1], dtype=torch.float32).expand(flags.shape).clone()
    wide = number.unsqueeze(-1)
    steps = TransitionBatch(wide, wide, number, wide, number * 0)
    return Rollout(steps, flags, torch.zeros(len(valid)), 2)


def test_ragged_rollouts_lose_no_row_and_repeat_all_alike(generators: Make) -> None:
    half = [1, 0] * 500
    rollout = numbered_rollout([half, [1] * 1000, [0] * 1000])
    one = torch.zeros(3, 500)
    start = TransitionBatch(
        one.unsqueeze(-1), one.unsqueeze(-1), one + REAL_MARK, one.unsqueeze(-1), one
    )
    rows = rollout.rows(start, generators(0, 1, 2))
    assert {name: field.shape for name, field in rows.items()} == dict.fromkeys(
        TransitionBatch._fields, (3, 1000, 1)
    )
    some, every, none = rows["reward"].squeeze(-1).long()
    assert some[:500].tolist() == list(range(0, 1000, 2))  # each valid row
    repeats = some[500:]
    assert (repeats % 2 == 0).all() and repeats.unique().numel() > 250
    assert 400 < repeats.float().mean() < 600
    assert every.tolist() == list(range(1000))
    assert (none == REAL_MARK).all()
    assert torch.equal(rows["observation"][:2], rows["reward"][:2])  # fields of a row together
