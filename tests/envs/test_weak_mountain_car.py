"""The weak mountain car is Gymnasium's with a third of the power, and needs several swings."""

from typing import Any

import numpy as np

from envs import make_vector
from envs.simulation.make import make_simulator
from envs.tools.controllers import Controller, mountain_car
from envs.tools.reference_scores import play

WEAK = "p2e/WeakMountainCar-v0"


def test_it_moves_as_gymnasiums_with_a_third_of_the_force():
    weak: Any = make_simulator(WEAK)
    plain: Any = make_simulator("MountainCarContinuous-v0")
    generator = np.random.default_rng(0)
    for seed in range(5):
        found, expected = weak.reset(seed=seed)[0], plain.reset(seed=seed)[0]
        np.testing.assert_array_equal(found, expected)
        for _ in range(100):
            plain.state = weak.state.copy()
            action = generator.uniform(-1, 1, 1).astype(np.float32)
            found, reward, *_ = weak.step(action)
            expected = plain.step(action / 3)[0]
            np.testing.assert_allclose(found, expected, atol=1e-6)
            assert reward == -0.1 * float(action[0]) ** 2


def test_the_reward_is_paid_once_at_the_goal():
    simulator: Any = make_simulator(WEAK)
    simulator.reset(seed=0)
    simulator.state = np.array([0.44, 0.03], np.float32)
    _, reward, terminated, _, _ = simulator.step(np.array([0.5], np.float32))
    assert terminated and reward == 100 - 0.1 * 0.25
    simulator.state = np.array([0.42, 0.01], np.float32)
    _, reward, terminated, _, _ = simulator.step(np.array([0.5], np.float32))
    assert not terminated and reward == -0.1 * 0.25


def constant(force: float) -> Controller:
    return lambda observation: np.array([force])


def test_full_power_in_one_direction_does_not_suffice():
    environment = make_vector(WEAK, [0])
    for force in (1.0, -1.0):
        assert not play(environment, constant(force)).success


def test_it_swings_several_times_before_it_arrives():
    environment = make_vector(WEAK, [0])
    observation, signs = environment.reset(), []
    controller = mountain_car()
    while True:
        step = environment.step(controller(observation[0])[None].astype(np.float32))
        observation = step.observation
        signs.append(step.next_observation[0, 1] >= 0)
        if step.terminated[0] or step.truncated[0]:
            break
    assert step.success[0]
    assert np.count_nonzero(np.diff(signs)) >= 4
