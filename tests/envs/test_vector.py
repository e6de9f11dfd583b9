"""Vectorised stepping: trajectories as in plain gymnasium, automatic resets, separate seeds."""

import dataclasses

import gymnasium
import numpy as np
import pytest

from envs import UnknownEnvironmentError, make_vector, task, task_ids
from envs.simulation.make import make_simulator
from envs.simulation.mujoco_messages import mujoco_messages_as_warnings
from envs.vector import VectorEnvironment


def random_actions(environment, steps, seed=0, bound=1.0):
    shape = (steps, environment.rows, environment.action_size)
    return np.random.default_rng(seed).uniform(-bound, bound, shape).astype(np.float32)


def plain(environment_id):
    with mujoco_messages_as_warnings():
        return gymnasium.make(environment_id)


@pytest.mark.parametrize("environment_id", task_ids())
def test_trajectories_equal_plain_gymnasium_bit_for_bit(environment_id):
    seeds = [3, 4]
    environment = make_vector(environment_id, seeds)
    references = [plain(environment_id) for _ in seeds]
    high = references[0].action_space.high
    assert np.array_equal(references[0].action_space.low, -high)
    observation = environment.reset()
    for row, reference in enumerate(references):
        assert np.array_equal(
            observation[row], reference.reset(seed=seeds[row])[0].astype(np.float32)
        )
    ends = 0
    for actions in random_actions(environment, task(environment_id).horizon + 20, bound=1.2):
        step = environment.step(actions)
        for row, reference in enumerate(references):
            reached, reward, terminated, truncated, _ = reference.step(
                np.clip(actions[row], -1, 1) * high
            )
            assert np.array_equal(step.next_observation[row], np.float32(reached))
            assert step.reward[row] == np.float32(reward)
            assert (step.terminated[row], step.truncated[row]) == (terminated, truncated)
            if terminated or truncated:
                ends += 1
                reached = reference.reset()[0]
            assert np.array_equal(step.observation[row], np.float32(reached))
    assert ends >= len(seeds)


@pytest.mark.parametrize("environment_id", task_ids())
def test_shapes_and_types(environment_id):
    environment = make_vector(environment_id, [0, 1, 2])
    assert environment.horizon == task(environment_id).horizon
    observation = environment.reset()
    assert observation.shape == (3, environment.observation_size)
    assert observation.dtype == np.float32
    step = environment.step(random_actions(environment, 1)[0])
    for array in (step.next_observation, step.observation):
        assert array.shape == observation.shape
        assert array.dtype == np.float32
    assert step.reward.shape == step.terminated.shape == step.truncated.shape == (3,)
    assert step.reward.dtype == np.float32
    assert step.terminated.dtype == step.truncated.dtype == step.success.dtype == np.bool_
    environment.close()


def test_a_row_depends_on_its_own_seed_and_actions_only():
    first, second = make_vector("Hopper-v5", [5, 6]), make_vector("Hopper-v5", [9, 6])
    assert np.array_equal(first.reset()[1], second.reset()[1])
    actions = random_actions(first, 150)
    others = random_actions(first, 150, seed=1)
    others[:, 1] = actions[:, 1]
    for one, other in zip(actions, others, strict=True):
        here, there = first.step(one), second.step(other)
        assert np.array_equal(here.observation[1], there.observation[1])
        assert here.terminated[1] == there.terminated[1]
        assert not np.array_equal(here.observation[0], there.observation[0])


def test_resets():
    environment = make_vector("Pendulum-v1", [1, 2])
    first = environment.reset()
    again = environment.reset()
    assert not np.any(np.all(first == again, axis=1))
    assert np.array_equal(environment.reset(seeds=[1, 2]), first)
    assert np.array_equal(environment.reset(), again)
    assert np.array_equal(environment.reset(seeds=[2, 1]), first[::-1])
    assert np.array_equal(environment.observation, first[::-1])


def shortened(environment_id, horizon, seeds):
    known = dataclasses.replace(task(environment_id), horizon=horizon)
    return VectorEnvironment(known, [make_simulator(environment_id) for _ in seeds], seeds)


def test_the_horizon_truncates_each_row_by_its_own_count():
    environment = shortened("Hopper-v5", 5, [0, 1])
    environment.reset()
    still = np.zeros((2, 3), np.float32)
    for _ in range(2):
        flags = [environment.step(still) for _ in range(5)]
        assert [bool(step.truncated.any()) for step in flags] == [False] * 4 + [True]
        assert not any(step.terminated.any() for step in flags)
    state = environment.state_dict()
    state["elapsed"] = [4, 0]
    environment.load_state_dict(state)
    step = environment.step(still)
    assert step.truncated.tolist() == [True, False]
    assert not np.array_equal(step.observation[0], step.next_observation[0])
    assert np.array_equal(step.observation[1], step.next_observation[1])


def test_termination_on_the_last_step_is_reported_with_the_truncation():
    environment = shortened("MountainCarContinuous-v0", 1, [0, 1])
    environment.reset()
    environment._simulators[0].unwrapped.state = np.array([0.44, 0.07])
    step = environment.step(np.ones((2, 1), np.float32))
    assert step.terminated.tolist() == [True, False]
    assert step.truncated.tolist() == [True, True]
    assert step.success.tolist() == [True, False]
    assert step.reward[0] == pytest.approx(99.9)
    assert step.next_observation[0, 0] >= 0.45
    assert -0.6 <= step.observation[0, 0] <= -0.4


def test_success_lasts_until_the_episode_ends():
    environment = shortened("Pendulum-v1", 12, [0, 1])
    environment.reset()
    for row, state in enumerate(([0.05, 0.0], [np.pi, 0.0])):
        environment._simulators[row].unwrapped.state = np.array(state)
    still = np.zeros((2, 1), np.float32)
    steps = [environment.step(still) for _ in range(12)]
    assert abs(steps[11].next_observation[0, 2]) > 0.1  # it has fallen, and counts all the same
    assert all(step.success.tolist() == [True, False] for step in steps)
    environment._simulators[0].unwrapped.state = np.array([np.pi, 0.0])
    assert environment.step(still).success.tolist() == [False, False]


def test_without_a_predicate_there_is_no_success():
    environment = make_vector("HalfCheetah-v5", [0])
    environment.reset()
    assert not any(environment.step(a).success.any() for a in random_actions(environment, 5))


def test_returned_arrays_belong_to_the_caller():
    careless, careful = make_vector("Pendulum-v1", [0]), make_vector("Pendulum-v1", [0])
    careless.reset()[:] = 7
    careful.reset()
    for action in random_actions(careful, 205):
        mine, copy = careless.step(action), action.copy()
        expected = careful.step(action)
        assert np.array_equal(action, copy)
        assert all(np.array_equal(a, b) for a, b in zip(mine, expected, strict=True))
        for array in mine:
            array[:] = 1
        assert np.array_equal(careless.observation, expected.observation)
        careless.observation[:] = 1


def test_actions_are_clipped_before_they_are_scaled():
    environment = make_vector("Pendulum-v1", [0, 0, 0])
    environment.reset()
    step = environment.step(np.array([[1.0], [5.0], [np.inf]], np.float32))
    assert np.ptp(step.next_observation, axis=0).max() == 0


def test_bad_calls_are_errors_in_words():
    environment = make_vector("Pendulum-v1", [0, 1])
    with pytest.raises(RuntimeError, match="reset"):
        environment.step(np.zeros((2, 1), np.float32))
    with pytest.raises(RuntimeError, match="reset"):
        environment.state_dict()
    environment.reset()
    with pytest.raises(ValueError, match=r"shape \(2,\), expected \(2, 1\)"):
        environment.step(np.zeros(2, np.float32))
    with pytest.raises(ValueError, match=r"not numbers: \[\[nan\], \[0.0\]\]"):
        environment.step(np.array([[np.nan], [0.0]], np.float32))
    with pytest.raises(ValueError, match="1 seeds for 2 rows"):
        environment.reset(seeds=[1])
    with pytest.raises(ValueError, match="negative"):
        environment.reset(seeds=[1, -1])
    with pytest.raises(ValueError, match="no seeds"):
        make_vector("Pendulum-v1", [])
    with pytest.raises(UnknownEnvironmentError, match="CartPole-v9"):
        make_vector("CartPole-v9", [0])
