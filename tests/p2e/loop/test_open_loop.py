"""Open-loop prediction on episodes with numbers that can be computed by hand."""

import itertools
import math

import pytest
import torch
from torch import Tensor

from p2e.loop.evaluation import evaluate
from p2e.loop.open_loop import (
    EpisodeRecorder,
    Episodes,
    OpenLoop,
    cut_segments,
    open_loop,
    relative_errors,
)
from tests.conftest import MakeChain

CPU = torch.device("cpu")
SPREAD = 4.0


def counted(*lengths: int, longest: int | None = None) -> Episodes:
    """One seed; observation and memory of episode k at time t are (10 k + t, 0), the action is 1.
    Values after an episode's end are -1000."""
    most = longest or max(lengths)
    time = torch.arange(most + 1.0).expand(len(lengths), -1)
    position = time + 10 * torch.arange(len(lengths)).unsqueeze(1)
    ended = time > torch.tensor(lengths).unsqueeze(1)
    observation = torch.stack([position, torch.zeros_like(position)], dim=2)
    observation[ended] = -1000.0
    memory = observation[:, :-1, :1].clone()
    action = torch.ones(1, len(lengths), most, 1)
    return Episodes(observation.unsqueeze(0), action, memory.unsqueeze(0), torch.tensor([lengths]))


def test_segments_are_spread_evenly_over_all_steps_and_know_where_episodes_end() -> None:
    segments = cut_segments(counted(3, 1, 4), horizon=2, count=8)  # 8 steps: one segment each
    starts = [0.0, 1.0, 2.0, 10.0, 20.0, 21.0, 22.0, 23.0]
    assert segments.truth[0, :, 0, 0].tolist() == starts
    assert segments.memory[0, :, 0].tolist() == starts
    remaining = [3, 2, 1, 1, 4, 3, 2, 1]
    assert segments.running[0].sum(dim=1).tolist() == [min(n, 2) + 1 for n in remaining]
    inside = segments.truth[0, :, :, 0][segments.running[0]]
    assert inside.min() >= 0.0  # nothing from behind an end
    fewer = cut_segments(counted(3, 1, 4), horizon=2, count=4)
    assert fewer.truth[0, :, 0, 0].tolist() == [0.0, 2.0, 20.0, 22.0]


def test_errors_are_in_units_of_the_spread_and_leave_out_what_never_varies() -> None:
    truth = torch.zeros(1, 1, 1, 3)
    prediction = torch.tensor([3.0, 8.0, 5.0]).view(1, 1, 1, 3)
    error = relative_errors(prediction, truth, torch.tensor([[1.0, 2.0, 0.0]]))
    assert error.item() == pytest.approx(math.sqrt((9 + 16) / 2))


def adds_actions(observation: Tensor, memory: Tensor, action: Tensor) -> Tensor:
    """The true dynamics of `counted`."""
    moved = observation[..., :1].unsqueeze(2) + action.cumsum(dim=2)
    return torch.cat([moved, torch.zeros_like(moved)], dim=-1)


def too_fast(observation: Tensor, memory: Tensor, action: Tensor) -> Tensor:
    return adds_actions(observation, memory, 2 * action)


def predicted(model: object, *lengths: int, horizon: int) -> OpenLoop:
    result = open_loop(model, counted(*lengths), horizon, torch.tensor([[SPREAD, 0.0]]))  # type: ignore[arg-type]
    assert result is not None
    return result


def test_the_true_model_makes_no_error_and_a_wrong_one_the_error_it_must() -> None:
    right = list(predicted(adds_actions, 3, 1, 4, horizon=3).error_rows([7]))
    assert [row["error"] for row in right] == [0.0, 0.0, 0.0]
    wrong = list(predicted(too_fast, 3, 1, 4, horizon=3).error_rows([7]))
    assert [row["horizon"] for row in wrong] == [1, 2, 3] and {row["seed"] for row in wrong} == {7}
    for rows in (right, wrong):
        assert [row["unchanged"] * SPREAD for row in rows] == pytest.approx([1.0, 2.0, 3.0])
    assert [row["error"] * SPREAD for row in wrong] == pytest.approx([1.0, 2.0, 3.0])


def test_a_horizon_that_no_segment_reaches_has_no_row() -> None:
    rows = list(predicted(adds_actions, 2, 2, horizon=5).error_rows([0]))
    assert [row["horizon"] for row in rows] == [1, 2]


def test_examples_begin_at_the_truth_and_are_whole() -> None:
    rows = list(predicted(too_fast, 8, 8, horizon=2).example_rows([7]))
    assert len(rows) == 3 * 3 * 2  # segments, times, features
    for row in rows:
        if row["feature"] == 0:
            assert row["predicted"] - row["truth"] == row["time"]
    assert len({row["truth"] for row in rows if row["time"] == 0 and row["feature"] == 0}) == 3
    assert list(predicted(too_fast, 1, 1, horizon=2).example_rows([7])) == []


def test_examples_of_a_long_observation_show_few_features_spread_evenly() -> None:
    episodes = counted(8)
    names = torch.arange(348.0)  # each feature is its index; a humanoid has that many
    result = open_loop(
        lambda observation, memory, action: -observation.unsqueeze(2).expand(-1, -1, 2, -1),
        episodes._replace(observation=names.expand(*episodes.observation.shape[:3], -1)),
        2,
        torch.ones(1, 348),
    )
    assert result is not None
    rows = list(result.example_rows([0]))
    shown = sorted({int(row["feature"]) for row in rows})
    assert len(shown) == 8 and shown[0] == 0 and shown[-1] == 347
    assert max(b - a for a, b in itertools.pairwise(shown)) <= 50
    assert all(row["truth"] == row["feature"] for row in rows)
    assert all(abs(row["predicted"]) == row["feature"] for row in rows)


def test_without_a_model_there_is_nothing_to_compare() -> None:
    def model_free(observation: Tensor, memory: Tensor, action: Tensor) -> None:
        return None

    assert open_loop(model_free, counted(3), 2, torch.ones(1, 2)) is None


class DriftingPolicy:
    """A policy that moves by 0.5; its memory counts the steps."""

    memory_size = 1

    def act(self, observation: Tensor, memory: Tensor, deterministic: bool) -> Tensor:
        return torch.full_like(memory, 0.5)

    def remember(self, observation: Tensor, action: Tensor, memory: Tensor) -> Tensor:
        return memory + 1


def chain_model(observation: Tensor, memory: Tensor, action: Tensor) -> Tensor:
    """The exact equations of the chain; time is taken from the memory."""
    time = memory + torch.arange(1, action.shape[2] + 1)
    position = observation[..., :1].unsqueeze(2) + action.cumsum(dim=2)
    return torch.cat([position, time.unsqueeze(-1)], dim=-1)


def test_recorded_evaluation_episodes_obey_the_equations(chain: MakeChain) -> None:
    """Observation, action and memory belong to the same step, also in rows that ended early."""
    recorder = EpisodeRecorder()
    environment = chain(range(6), horizon=5, goal=1.2)
    results = evaluate(DriftingPolicy(), environment, (0, 1), 3, "x", CPU, recorder)
    lengths = torch.tensor([result.length for result in results]).view(2, 3)
    assert lengths.min() < lengths.max()
    compared = open_loop(chain_model, recorder.episodes(lengths), 4, torch.ones(2, 2))
    assert compared is not None
    rows = list(compared.error_rows((0, 1)))
    assert {row["horizon"] for row in rows} == {1, 2, 3, 4}
    assert max(row["error"] for row in rows) < 1e-6 < min(row["unchanged"] for row in rows)
