"""Multi-step rows of trajectories with returns computed by hand."""

import pytest
import torch
from torch import Tensor

from p2e.replay.n_step_returns import n_step_returns

DISCOUNT = 0.5


def trajectory(terminated: list[float]) -> dict[str, Tensor]:
    """One trajectory: step t goes from t to t + 1, with rewards 1, 2, 4, ..."""
    steps = torch.arange(float(len(terminated)))

    def field(values: Tensor) -> Tensor:
        return values.view(1, -1, 1, 1)

    return {
        "observation": field(steps),
        "reward": field(2**steps),
        "curiosity": field(torch.ones(len(steps))),
        "next_observation": field(steps + 1),
        "terminated": field(torch.tensor(terminated)),
    }


def columns(rows: dict[str, Tensor]) -> dict[str, list[float]]:
    return {name: x.flatten().tolist() for name, x in rows.items()}


def rows_of(terminated: list[float], steps: int) -> dict[str, list[float]]:
    rewards = ("reward", "curiosity")
    return columns(n_step_returns(trajectory(terminated), rewards, DISCOUNT, steps))


def test_one_step_changes_nothing() -> None:
    assert rows_of([0, 0.25, 1], 1) == columns(trajectory([0, 0.25, 1]))


def test_three_steps_by_hand() -> None:
    rows = rows_of([0, 0, 0, 0], 3)
    assert rows["observation"] == [0, 1, 2, 3]
    assert rows["next_observation"] == [3, 4, 4, 4]  # as far as the trajectory goes
    assert rows["reward"] == [1 + 1 + 1, 2 + 2 + 2, 4 + 4, 8]  # 2^t discounted by 2^-t
    assert rows["curiosity"] == [1.75, 1.75, 1.5, 1]
    # discount * (1 - terminated) is discount^3, discount^3, discount^2, discount
    assert rows["terminated"] == [0.75, 0.75, 0.5, 0]


def test_nothing_behind_an_end_counts_and_a_likely_end_counts_in_part() -> None:
    rows = rows_of([0, 1, 0, 0.5], 4)
    assert rows["reward"] == [1 + 1, 2, 4 + 4, 8]
    assert rows["terminated"] == [1, 1, 1 - 0.5 * 0.5, 0.5]


def test_no_row_reaches_into_another_episode() -> None:
    steps = trajectory([0, 0, 0, 0])
    steps["first"] = torch.tensor([1.0, 0.0, 1.0, 0.0]).view(1, -1, 1, 1)
    rows = columns(n_step_returns(steps, ("reward",), DISCOUNT, 3))
    assert rows["next_observation"] == [2, 2, 4, 4]
    assert rows["reward"] == [1 + 1, 2, 4 + 4, 8]
    assert rows["terminated"] == [0.5, 0, 0.5, 0]


@pytest.mark.parametrize("steps", [1, 2, 5, 9])
def test_the_value_of_a_policy_is_a_fixed_point_whatever_the_steps(steps: int) -> None:
    """The Bellman target of exact values is the exact value, for any termination probabilities."""
    random = torch.Generator().manual_seed(0)
    length = 6
    rows = trajectory(torch.rand(length, generator=random).tolist())
    rows["reward"] = torch.randn(1, length, 1, 1, generator=random)
    ends = rows["terminated"].flatten()
    value = torch.zeros(length + 1)
    value[-1] = 3.0  # of what lies beyond
    for t in reversed(range(length)):
        value[t] = rows["reward"].flatten()[t] + DISCOUNT * (1 - ends[t]) * value[t + 1]
    reached = n_step_returns(rows, ("reward",), DISCOUNT, steps)
    beyond = value[reached["next_observation"].flatten().long()]
    target = reached["reward"].flatten() + DISCOUNT * (1 - reached["terminated"].flatten()) * beyond
    torch.testing.assert_close(target, value[:-1])


def test_rows_of_random_actions_stay_as_they_are() -> None:
    one = trajectory([0, 0, 0])
    rows = {name: x.expand(-1, -1, 3, -1) for name, x in one.items()}
    reached = n_step_returns(rows, ("reward", "curiosity"), DISCOUNT, 3, random=2)
    expected = n_step_returns(one, ("reward", "curiosity"), DISCOUNT, 3)
    for name in rows:
        assert torch.equal(reached[name][:, :, :2], rows[name][:, :, :2]), name
        assert torch.equal(reached[name][:, :, 2:], expected[name]), name


def test_the_given_rows_stay_as_they_were() -> None:
    rows = trajectory([0, 0, 0])
    before = {name: x.clone() for name, x in rows.items()}
    n_step_returns(rows, ("reward", "curiosity"), DISCOUNT, 3)
    assert all(torch.equal(rows[name], before[name]) for name in rows)
