"""Chances that noise meets a reward: the counting, the table's file, and its measured rows."""

import dataclasses
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box
from scipy import stats

from envs import task, task_ids
from envs.task import rewarded
from envs.tools.action_noise import EXPONENTS
from envs.tools.noise_chances import NoiseRun, budget_of, core_budgets, main, measure, play
from envs.tools.noise_table import NoiseChance, clopper_pearson, read_table, write_table
from envs.vector import VectorEnvironment

HORIZON = 7
WITH_SUCCESS = [name for name in task_ids() if task(name).success is not None]


class PositiveActions(gymnasium.Env[Any, Any]):
    """Rewards every step whose action is above 0.5; an action above 0.9 also ends the episode."""

    observation_space = Box(-1.0, 1.0, (1,), np.float32)
    action_space = Box(-1.0, 1.0, (1,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros(1, np.float32), {}

    def step(self, action):
        return np.zeros(1, np.float32), float(action[0] > 0.5), bool(action[0] > 0.9), False, {}


def toy():
    known = dataclasses.replace(task("p2e/PointMaze-v0"), horizon=HORIZON, success=rewarded)
    return VectorEnvironment(known, [PositiveActions()], [0])


def script(*episodes):
    """Draws these episodes' actions in turn, each padded with zeros to the horizon."""
    waiting = iter([*episodes, [], [], []])

    def draw():
        actions = np.zeros((HORIZON, 1), np.float32)
        given = next(waiting)
        actions[: len(given), 0] = given
        return actions

    return draw


def test_the_first_step_is_counted_over_the_episodes_of_a_run():
    draw = script([], [0, 0, 1], [0, 0.6, 0.6], [])
    # 7 steps without, the success at step 10 ends its episode, then 7 and 7 steps.
    assert play(toy(), 24, draw) == NoiseRun(episodes=4, successes=2, first_step=10)


def test_nothing_after_the_budget_counts():
    assert play(toy(), 9, script([], [0, 0, 1])) == NoiseRun(1, 0, None)
    assert play(toy(), 10, script([], [0, 0, 1])) == NoiseRun(2, 1, 10)
    # The reward is met, but the episode does not end within the budget.
    assert play(toy(), 10, script([], [0, 0, 0.6])) == NoiseRun(1, 0, 10)


def test_intervals_are_exact():
    assert clopper_pearson(0, 10) == pytest.approx((0.0, 1 - 0.025 ** (1 / 10)))
    assert clopper_pearson(10, 10) == pytest.approx((0.025 ** (1 / 10), 1.0))
    low, high = clopper_pearson(6, 10)
    assert stats.binom.sf(5, 10, low) == pytest.approx(0.025)
    assert stats.binom.cdf(6, 10, high) == pytest.approx(0.025)


def test_a_table_is_read_as_it_was_written(tmp_path):
    rows = [
        NoiseChance("p2e/PointMaze-v0", "pink", 8000, 10, 6, 400, 9, 4321.5),
        NoiseChance("p2e/PointMaze-v0", "white", 8000, 10, 0, 400, 0, None),
    ]
    write_table(rows, tmp_path / "table.csv")
    assert list(read_table(tmp_path / "table.csv").values()) == rows


def test_the_program_renews_the_rows_of_its_tasks_only(tmp_path, capsys):
    path = tmp_path / "table.csv"
    kept = NoiseChance("p2e/PointMaze-v0", "pink", 8000, 10, 6, 400, 9, 4321.0)
    old = NoiseChance("Pendulum-v1", "red", 1, 1, 1, 1, 1, 1.0)
    write_table([kept, old], path)
    arguments = ["Pendulum-v1", "Hopper-v5", "--seeds", "2", "--steps", "400"]
    main([*arguments, "--table", str(path)])
    rows = read_table(path)
    assert list(rows) == [*(("Pendulum-v1", noise) for noise in EXPONENTS), tuple_of(kept)]
    assert rows[tuple_of(kept)] == kept
    assert {rows["Pendulum-v1", noise].episodes for noise in EXPONENTS} == {4}
    assert "Hopper-v5: no success condition" in capsys.readouterr().out


def tuple_of(row):
    return row.environment, row.noise


def test_every_task_with_a_success_condition_is_measured():
    rows, budgets = read_table(), core_budgets()
    expected = [(name, noise) for name in WITH_SUCCESS for noise in EXPONENTS]
    assert list(rows) == expected
    for row in rows.values():
        assert row.budget == budget_of(row.environment, budgets)
        assert row.seeds == 10
        assert row.episodes >= 50
        assert (row.seeds_met > 0) >= (row.successes > 0)
        met_by_most = row.seeds_met > row.seeds / 2
        assert (row.median_first_step is not None) == met_by_most


def test_a_row_of_the_table_can_be_measured_again():
    row = read_table()["MountainCarContinuous-v0", "pink"]
    assert row.seeds_met == row.seeds
    assert measure(row.environment, row.noise, row.budget, row.seeds) == row


def test_some_tasks_of_different_kinds_are_met_by_no_colour():
    rows = read_table()
    unmet = {
        name
        for name in WITH_SUCCESS
        if task(name).sparse and all(rows[name, noise].successes == 0 for noise in EXPONENTS)
    }
    assert unmet >= {
        "p2e/PendulumSwingup-v0",
        "p2e/PointMazeLarge-v0",
        "p2e/PointMazeMedium-v0",
        "p2e/WeakMountainCar-v0",
    }
