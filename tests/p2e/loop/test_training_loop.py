"""The training loop with an algorithm that only records, in a predictable environment."""

import copy
import io
import itertools
import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from p2e.algorithm import Algorithm, Problem
from p2e.batch import Transition
from p2e.config import ConfigError
from p2e.loop.coverage import Coverage
from p2e.loop.progress import Progress
from p2e.loop.training_loop import TrainingConfig, TrainingLoop
from p2e.metrics import DivergenceError
from tests.conftest import MakeChain
from tests.helpers.watcher import CuriousWatcher, Watcher

SEEDS = (4, 9)
BINS = 6


def position_cells(observations: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """Position and elapsed steps, clipped to the grid."""
    return np.clip(observations, 0, BINS - 1).astype(np.int64)


def problem_of(steps: int) -> Problem:
    def terminated(observation: Tensor, action: Tensor, following: Tensor) -> Tensor:
        return following[..., 0] >= 2.0

    return Problem(SEEDS, 2, 1, steps, 10, terminated, torch.device("cpu"))


def loop_of(algorithm: Algorithm, chain: MakeChain, steps: int, **settings: int) -> TrainingLoop:
    config = replace(TrainingConfig(warmup_steps=12, evaluation_episodes=3), **settings)  # type: ignore[arg-type]
    rows = range(len(SEEDS) * config.evaluation_episodes)
    coverage = Coverage(position_cells, BINS, len(SEEDS))
    environment, evaluation = chain(SEEDS), chain(rows)
    return TrainingLoop(problem_of(steps), algorithm, environment, evaluation, config, coverage)


def never() -> None:
    raise AssertionError("nobody asked for a save")


def run(loop: TrainingLoop) -> str:
    """Train to the end; returns the progress output."""
    stream = io.StringIO()
    progress = Progress(loop.problem.steps, loop.step, stream, seconds_between_lines=0)
    loop.run(progress, never, save_interval=math.inf)
    return stream.getvalue()


@pytest.fixture
def watched(chain: MakeChain) -> tuple[TrainingLoop, Watcher]:
    """A finished run of 40 steps, of which 12 are warm-up."""
    watcher = CuriousWatcher()
    loop = loop_of(watcher, chain, 40, evaluation_interval=15, log_interval=8)
    run(loop)
    return loop, watcher


def ended(transition: Transition) -> Tensor:
    return transition.terminated | (transition.next_observation[:, 1] == 5)


def test_every_transition_is_one_true_step(watched: tuple[TrainingLoop, Watcher]) -> None:
    transitions = watched[1].transitions
    assert len(transitions) == 40
    for transition in transitions:
        before, after = transition.observation, transition.next_observation
        assert torch.equal(after[:, :1], before[:, :1] + transition.action)
        assert torch.equal(after[:, 1], before[:, 1] + 1)
        assert torch.equal(transition.reward, transition.action[:, 0])
        assert torch.equal(transition.terminated, after[:, 0] >= 2.0)
    terminations = torch.stack([t.terminated for t in transitions])
    truncations = torch.stack([ended(t) for t in transitions]) & ~terminations
    assert bool(terminations.any(0).all()) and bool(truncations.any(0).all())


def test_observations_follow_each_other_except_across_a_reset(
    watched: tuple[TrainingLoop, Watcher],
) -> None:
    transitions = watched[1].transitions
    for earlier, later in itertools.pairwise(transitions):
        over = ended(earlier)
        assert torch.equal(later.observation[~over], earlier.next_observation[~over])
        assert bool((later.observation[over, 1] == 0).all())
        assert bool((later.observation[over, 0] < 0).all())


def test_first_and_memory_tell_where_an_episode_begins(
    watched: tuple[TrainingLoop, Watcher],
) -> None:
    for transition in watched[1].transitions:
        assert torch.equal(transition.first, transition.observation[:, 1] == 0)
        assert torch.equal(transition.memory, transition.observation[:, 1:])


def test_warm_up_is_random_and_then_the_explorer_acts(
    watched: tuple[TrainingLoop, Watcher],
) -> None:
    watcher = watched[1]
    actions = torch.stack([transition.action for transition in watcher.transitions])[..., 0]
    assert actions[:12].unique().numel() == 24 and bool((actions[:12].abs() <= 1).all())
    assert bool((actions[12:] == 0.9).all())
    assert watcher.explorer.asked == [False] * 28
    assert set(watcher.task_policy.asked) == {True}


def test_a_warm_up_may_be_empty_but_not_negative() -> None:
    assert TrainingConfig(warmup_steps=0).warmup_steps == 0
    with pytest.raises(ConfigError, match=r"'training\.warmup_steps' is -1"):
        TrainingConfig(warmup_steps=-1)


def test_phases_come_in_order_and_only_after_the_warm_up(
    watched: tuple[TrainingLoop, Watcher],
) -> None:
    phases = ("store", "learn_world", "imagine", "update_agent")
    expected = [
        f"{phase} {step}" for step in range(40) for phase in (phases if step >= 12 else phases[:1])
    ]
    assert watched[1].calls == expected


def test_the_training_table_holds_every_episode(watched: tuple[TrainingLoop, Watcher]) -> None:
    loop, watcher = watched
    expected: list[dict[str, float]] = []
    returns, lengths, episodes = [0.0, 0.0], [0, 0], [0, 0]
    for step, transition in enumerate(watcher.transitions):
        for row, seed in enumerate(SEEDS):
            returns[row] += float(transition.reward[row])
            lengths[row] += 1
            if ended(transition)[row]:
                expected.append(
                    {
                        "seed": seed,
                        "step": step + 1,
                        "episode": episodes[row],
                        "return": returns[row],
                        "length": lengths[row],
                        "intrinsic_return": lengths[row] * (1.0, 0.5)[row],
                    }
                )
                episodes[row] += 1
                returns[row], lengths[row] = 0.0, 0
    table = copy.deepcopy(loop.recorder.tables["training"])
    seconds = [row.pop("seconds") for row in table]
    assert table == expected and len(table) > 10
    assert seconds == sorted(seconds) and seconds[0] >= 0


def test_losses_are_means_over_the_interval(watched: tuple[TrainingLoop, Watcher]) -> None:
    table = watched[0].recorder.tables["losses"]
    assert [(row["step"], row["seed"]) for row in table] == [
        (step, seed) for step in (8, 16, 24, 32, 40) for seed in SEEDS
    ]
    assert "world_loss" not in table[0] and "world_loss" not in table[1]  # still warming up
    assert table[2]["world_loss"] == pytest.approx((13 + 14 + 15 + 16) / 4)
    assert table[3]["world_loss"] == pytest.approx((13 + 14 + 15 + 16) / 4 * 10)
    assert table[4]["world_loss"] == pytest.approx(20.5)  # of 17 to 24
    assert all(row["critic_loss"] == 1.0 for row in table[2:])
    assert [row["intrinsic_reward"] for row in table] == [1.0, 0.5] * 5


@pytest.mark.parametrize(
    ("steps", "interval", "expected"),
    [(40, 15, [0, 15, 30, 40]), (30, 15, [0, 15, 30]), (14, 50, [0, 14]), (3, 1, [0, 1, 2, 3])],
)
def test_evaluations_come_at_the_start_each_interval_and_the_end_once(
    chain: MakeChain, steps: int, interval: int, expected: list[int]
) -> None:
    loop = loop_of(Watcher(), chain, steps, evaluation_interval=interval)
    run(loop)
    rows = [(r["step"], r["seed"], r["episode"]) for r in loop.recorder.tables["evaluation"]]
    assert rows == [(s, seed, i) for s in expected for seed in SEEDS for i in range(3)]
    counts, at_steps = loop.coverage.arrays()
    assert at_steps.tolist() == expected
    assert counts.sum(axis=(2, 3)).tolist() == [[step, step] for step in expected]


def test_evaluation_reports_the_task_policy(watched: tuple[TrainingLoop, Watcher]) -> None:
    table = watched[0].recorder.tables["evaluation"]
    # From a start in [-1, 0) in steps of 1 the goal at 2 is reached in 3 steps, reward 1 each.
    assert {(row["return"], row["length"], row["success"]) for row in table} == {(3.0, 3, 1)}


def test_coverage_counts_what_was_reached(watched: tuple[TrainingLoop, Watcher]) -> None:
    loop, watcher = watched
    counts = np.zeros((2, BINS, BINS), dtype=np.int32)
    for transition in watcher.transitions:
        for row, (x, y) in enumerate(position_cells(transition.next_observation.numpy())):
            counts[row, x, y] += 1
    np.testing.assert_array_equal(loop.coverage.counts, counts)


def test_a_run_shows_its_episodes(chain: MakeChain) -> None:
    loop = loop_of(CuriousWatcher(), chain, 40, log_interval=8)
    lines = [line for line in run(loop).splitlines() if "episode" in line]
    table = loop.recorder.tables["training"]
    assert len(lines) == len(table)
    for line, row in zip(lines, table, strict=True):
        assert line.startswith(f"step {row['step']}/40 | seed {row['seed']} | ")
        assert f"reward {row['return']:.2f}" in line
    late = [line for line, row in zip(lines, table, strict=True) if row["step"] > 16]
    for line in late:  # each seed's own numbers, not those of the last one
        assert f"| intrinsic reward {1 if 'seed 4 ' in line else 0.5} |" in line
        assert "critic loss 1" in line and "world loss" in line


@pytest.mark.parametrize(("broken_at", "noticed_at"), [(17, 20), (20, 20), (33, 34)])
def test_divergence_names_step_seed_and_quantity(
    chain: MakeChain, broken_at: int, noticed_at: int
) -> None:
    loop = loop_of(Watcher(broken_at), chain, 34, log_interval=10)
    with pytest.raises(DivergenceError, match=rf"step {noticed_at}, seed 9.*'critic_loss' is nan"):
        run(loop)
    assert all(math.isfinite(row["critic_loss"]) for row in loop.recorder.tables["losses"][2:])
