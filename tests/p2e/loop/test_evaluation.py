"""Evaluation episodes with returns, lengths and successes known by hand."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from p2e.loop.environment import BoolArray, FloatArray
from p2e.loop.evaluation import EpisodeResult, evaluate
from tests.conftest import MakeChain

CPU = torch.device("cpu")


class Script(NamedTuple):
    """One row's first episode; later episodes must not count."""

    length: int
    terminates: bool
    success_from: int | None  # the step (counted from 1) from which the episode has succeeded


class ScriptedStep(NamedTuple):
    next_observation: FloatArray
    reward: FloatArray
    terminated: BoolArray
    truncated: BoolArray
    success: BoolArray
    observation: FloatArray


class ScriptedEnvironment:
    """An environment that follows a script.

    The reward of row r at step t is 100 r + t. After the first episode it is a million, and later
    episodes succeed if the first did not. The observation is (row, steps so far).
    """

    observation_size = 2
    action_size = 1

    def __init__(self, scripts: Sequence[Script]) -> None:
        self.scripts = scripts
        self.seeds: list[int] = []
        self.actions: list[FloatArray] = []

    def _observation(self) -> FloatArray:
        rows = np.arange(len(self.scripts))
        return np.stack([rows, np.full_like(rows, self.time)], axis=1).astype(np.float32)

    def reset(self, seeds: Sequence[int] | None = None) -> FloatArray:
        assert seeds is not None and len(seeds) == len(self.scripts)
        self.seeds, self.actions, self.time = list(seeds), [], 0
        return self._observation()

    def step(self, actions: FloatArray) -> ScriptedStep:
        assert actions.shape == (len(self.scripts), 1)
        self.actions.append(actions[:, 0].copy())
        self.time += 1
        assert self.time <= 20, "the evaluation does not end"
        rewards, terminated, truncated, success = [], [], [], []
        for row, script in enumerate(self.scripts):
            over = self.time > script.length
            ends = self.time == script.length
            rewards.append(1e6 if over else 100.0 * row + self.time)
            terminated.append(ends and script.terminates)
            truncated.append(ends and not script.terminates)
            reached = script.success_from is not None and self.time >= script.success_from
            success.append(reached is not over)
        observation = self._observation()
        return ScriptedStep(
            observation,
            np.array(rewards, dtype=np.float32),
            np.array(terminated),
            np.array(truncated),
            np.array(success),
            observation,
        )

    def state_dict(self) -> dict[str, Any]:
        raise AssertionError("an evaluation needs no state")

    def load_state_dict(self, state: dict[str, Any]) -> None:
        raise AssertionError("an evaluation needs no state")


class CountingPolicy:
    """A policy without noise; its action is a tenth of its memory, which counts the steps."""

    memory_size = 1

    def act(self, observation: Tensor, memory: Tensor, deterministic: bool) -> Tensor:
        assert deterministic
        assert torch.equal(memory, observation[..., 1:])  # steps so far equal the memory
        return memory / 10

    def remember(self, observation: Tensor, action: Tensor, memory: Tensor) -> Tensor:
        torch.testing.assert_close(action, memory / 10)
        return memory + 1


class RowPolicy:
    """A policy whose action identifies the observation's row."""

    memory_size = 0

    def act(self, observation: Tensor, memory: Tensor, deterministic: bool) -> Tensor:
        assert observation.shape[:2] == memory.shape[:2] and memory.shape[2] == 0
        return observation[..., :1] / 100

    def remember(self, observation: Tensor, action: Tensor, memory: Tensor) -> Tensor:
        return memory


SCRIPTS = [
    Script(1, True, None),
    Script(4, False, 2),
    Script(2, True, 2),
    Script(3, False, 4),  # would have succeeded one step after its end
    Script(6, True, 6),
    Script(5, False, None),
]


def test_rows_that_end_at_different_times_by_hand() -> None:
    results = evaluate(CountingPolicy(), ScriptedEnvironment(SCRIPTS), (7, 3), 3, "x", CPU)
    assert results == [
        EpisodeResult(7, 0, 1.0, 1, False),
        EpisodeResult(7, 1, 410.0, 4, True),  # 4 * 100 + 1 + 2 + 3 + 4
        EpisodeResult(7, 2, 403.0, 2, True),
        EpisodeResult(3, 0, 906.0, 3, False),
        EpisodeResult(3, 1, 2421.0, 6, True),
        EpisodeResult(3, 2, 2515.0, 5, False),
    ]
    expected = {"seed": 3, "episode": 1, "return": 2421.0, "length": 6, "success": 1}
    assert results[4].row() == expected


def test_no_step_after_the_last_row_has_ended() -> None:
    environment = ScriptedEnvironment(SCRIPTS)
    evaluate(CountingPolicy(), environment, (7, 3), 3, "x", CPU)
    assert len(environment.actions) == 6


def test_memory_starts_from_zero_in_every_evaluation_and_grows_within_it() -> None:
    environment = ScriptedEnvironment(SCRIPTS[1:3])
    for _ in range(2):
        evaluate(CountingPolicy(), environment, (0, 1), 1, "x", CPU)
        np.testing.assert_allclose(np.stack(environment.actions)[:, 0], [0.0, 0.1, 0.2, 0.3])


def test_each_action_reaches_the_row_that_was_seen() -> None:
    environment = ScriptedEnvironment(SCRIPTS)
    evaluate(RowPolicy(), environment, (7, 3), 3, "x", CPU)
    for actions in environment.actions:
        np.testing.assert_allclose(actions, np.arange(6) / 100, rtol=1e-6)


def start_seeds(seeds: tuple[int, ...], stream: str) -> list[int]:
    environment = ScriptedEnvironment([Script(1, True, None)] * (2 * len(seeds)))
    evaluate(RowPolicy(), environment, seeds, 2, stream, CPU)
    return environment.seeds


def test_start_states_belong_to_seed_episode_and_stream() -> None:
    group = start_seeds((7, 3), "a")
    assert group == start_seeds((7, 3), "a") and group[2:] == start_seeds((3,), "a")
    assert len({*group, *start_seeds((7, 3), "b")}) == 8


def test_the_same_stream_gives_the_same_episodes(
    chain: MakeChain,
) -> None:
    environment = chain(range(6), horizon=9, noise=0.5)
    first = evaluate(RowPolicy(), environment, (0, 1), 3, "a", CPU)
    again = evaluate(RowPolicy(), environment, (0, 1), 3, "a", CPU)
    other = evaluate(RowPolicy(), environment, (0, 1), 3, "b", CPU)
    assert first == again and first != other
    assert len({result.episode_return for result in first}) == 6
