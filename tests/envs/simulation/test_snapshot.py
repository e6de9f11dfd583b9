"""A saved environment continues bit-identically in a new object, through resets."""

import io
from typing import Any

import numpy as np
import pytest
import torch

from envs import make_vector, task, task_ids
from envs.simulation.make import make_simulator
from envs.simulation.snapshot import load_simulator_state, simulator_state

# Not (yet) tasks; their rewards and observations use more of the simulator than the tasks' do.
OTHERS = ("Ant-v5", "Reacher-v5")


def through_a_file(state):
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


def play(environment, actions):
    return [environment.step(row_actions) for row_actions in actions]


def same(first, second):
    """Whether two values are bit-identical, including NaN and signs of zero."""
    return all(
        a.dtype == b.dtype and a.tobytes() == b.tobytes()
        for a, b in zip(first, second, strict=True)
    )


@pytest.mark.parametrize("environment_id", task_ids())
def test_stepping_goes_on_bit_identically(environment_id):
    environment = make_vector(environment_id, [3, 4])
    before = max(100, task(environment_id).horizon - 150)  # so that an episode also ends after it
    shape = (before + 300, 2, environment.action_size)
    actions = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
    environment.reset()
    play(environment, actions[:before])
    state = through_a_file(environment.state_dict())
    expected = play(environment, actions[before:])
    assert any(step.terminated.any() or step.truncated.any() for step in expected)

    other = make_vector(environment_id, [8, 9])
    other.reset()
    play(other, actions[:7])
    for continued in (make_vector(environment_id, [0, 0]), other, environment):
        continued.load_state_dict(state)
        assert same([continued.observation], [state["observation"].numpy()])
        found = play(continued, actions[before:])
        assert all(same(one, two) for one, two in zip(found, expected, strict=True))


@pytest.mark.parametrize("environment_id", OTHERS)
def test_any_mujoco_simulator_goes_on_bit_identically(environment_id):
    first, second = make_simulator(environment_id), make_simulator(environment_id)
    first.reset(seed=1)
    first.action_space.seed(0)
    actions = [first.action_space.sample() for _ in range(150)]

    def steps(simulator, chosen):
        trajectory = []
        for action in chosen:
            observation, reward, terminated, *_ = simulator.step(action)
            trajectory.append(np.append(observation, [reward, terminated]))
            if terminated:
                trajectory.append(simulator.reset()[0])
        return trajectory

    steps(first, actions[:10])
    load_simulator_state(second, through_a_file(simulator_state(first)))
    assert same(steps(second, actions[10:]), steps(first, actions[10:]))


@pytest.mark.parametrize("environment_id", task_ids())
def test_saving_changes_nothing(environment_id):
    saved, untouched = make_vector(environment_id, [1]), make_vector(environment_id, [1])
    saved.reset(), untouched.reset()
    generator = np.random.default_rng(1)
    for _ in range(30):
        saved.state_dict()
        action = generator.uniform(-1, 1, (1, saved.action_size)).astype(np.float32)
        assert same(saved.step(action), untouched.step(action))


@pytest.mark.parametrize("environment_id", ["HalfCheetah-v5", "Hopper-v5", "p2e/SparseReacher-v0"])
def test_a_loaded_simulator_is_in_the_saved_state(environment_id):
    saved: Any = make_simulator(environment_id)
    loaded: Any = make_simulator(environment_id)
    saved.reset(seed=0)
    saved.action_space.seed(0)
    for _ in range(20):
        saved.step(saved.action_space.sample())
    state = simulator_state(saved)
    load_simulator_state(loaded, state)
    again = simulator_state(loaded)
    assert again["generator"] == state["generator"]
    physics, expected = again["physics"], state["physics"]
    assert torch.equal(physics["integration"], expected["integration"])
    assert all(torch.equal(physics["lagging"][name], v) for name, v in expected["lagging"].items())
    # What a renderer draws is recomputed.
    assert np.abs(loaded.data.geom_xpos - saved.data.geom_xpos).max() < 0.05


def test_success_and_elapsed_steps_are_kept():
    environment = make_vector("Pendulum-v1", [0])
    environment.reset()
    pendulum: Any = environment._simulators[0]
    pendulum.state = np.array([0.02, 0.0])
    still = np.zeros((1, 1), np.float32)
    assert environment.step(still).success[0]
    continued = make_vector("Pendulum-v1", [0])
    continued.load_state_dict(through_a_file(environment.state_dict()))
    flags = [continued.step(still) for _ in range(199)]
    assert all(step.success[0] for step in flags)
    assert [bool(step.truncated[0]) for step in flags] == [False] * 198 + [True]


def test_a_later_state_does_not_alter_a_saved_one():
    environment = make_vector("p2e/PointMaze-v0", [0])
    environment.reset()
    state = environment.state_dict()
    kept = through_a_file(state)
    play(environment, np.ones((5, 1, 2), np.float32))
    again = through_a_file(state)
    physics, later = kept["simulators"][0]["physics"], again["simulators"][0]["physics"]
    assert torch.equal(physics["integration"], later["integration"])
    assert torch.equal(kept["observation"], again["observation"])
    assert kept["elapsed"] == again["elapsed"] == [0]


def test_foreign_states_are_refused():
    pendulum = make_vector("Pendulum-v1", [0])
    pendulum.reset()
    state = pendulum.state_dict()
    with pytest.raises(ValueError, match=r"is of 'Pendulum-v1'.* expected 'Hopper-v5'"):
        make_vector("Hopper-v5", [0]).load_state_dict(state)
    with pytest.raises(ValueError, match=r"observations \(1, 3\), expected .* \(2, 3\)"):
        make_vector("Pendulum-v1", [0, 1]).load_state_dict(state)
    maze = simulator_state(make_simulator("p2e/PointMaze-v0"))
    with pytest.raises(ValueError, match="model of HopperEnv"):
        load_simulator_state(make_simulator("Hopper-v5"), maze)
