"""The batched termination functions agree with the simulators at every step."""

from typing import Any

import numpy as np
import pytest
import torch

from envs import make_vector, task, task_ids
from envs.simulation.make import make_simulator
from envs.termination import hopper, humanoid, never, walker

FALLING = ("Hopper-v5", "Humanoid-v5", "InvertedPendulum-v5", "Walker2d-v5")


def rule(environment_id):
    """The declared termination function."""
    terminated = task(environment_id).terminated
    assert terminated is not None
    return terminated


def compare(environment_id, policy, steps):
    """Play, compare all flags in one batch, and return how often episodes ended."""
    environment = make_vector(environment_id, [0, 1])
    observation = environment.reset()
    played = []
    for _ in range(steps):
        actions = policy(observation).astype(np.float32)
        step = environment.step(actions)
        played.append((observation, actions, step.next_observation, step.terminated))
        observation = step.observation
    before, actions, after, flags = (
        torch.from_numpy(np.stack(column)) for column in zip(*played, strict=True)
    )
    found = rule(environment_id)(before, actions, after)
    assert found.dtype == torch.bool
    assert found.shape == (steps, 2)
    assert torch.equal(found, flags)
    return int(flags.sum())


@pytest.mark.parametrize("environment_id", task_ids())
def test_random_episodes(environment_id):
    generator = np.random.default_rng(0)
    size = make_vector(environment_id, [0]).action_size
    ends = compare(environment_id, lambda o: generator.uniform(-1, 1, (2, size)), 500)
    assert (ends > 10) == (environment_id in FALLING)


def test_mountain_car_at_the_goal():
    # Pushing in the direction of motion gets the car out; from slow arrivals to full speed.
    generator = np.random.default_rng(0)
    ends = compare(
        "MountainCarContinuous-v0",
        lambda o: np.where(o[:, 1:] >= 0, 1, -1) * generator.uniform(0.3, 1, (2, 1)),
        1500,
    )
    assert ends >= 10


def test_mountain_car_bounds_are_the_simulators():
    simulator: Any = make_simulator("MountainCarContinuous-v0")
    terminated = rule("MountainCarContinuous-v0")
    flags = []
    for position in np.linspace(0.43, 0.47, 41):
        for velocity in np.linspace(-0.02, 0.02, 21):
            simulator.reset(seed=0)
            simulator.state = np.array([position, velocity], dtype=np.float32)
            reached, _, flag, _, _ = simulator.step(np.zeros(1, np.float32))
            found = terminated(torch.empty(2), torch.empty(1), torch.from_numpy(reached.copy()))
            assert found.item() == flag
            flags.append(flag)
    assert 100 < sum(flags) < len(flags) - 100


def test_mountain_car_goal_is_inclusive():
    terminated = rule("MountainCarContinuous-v0")
    goal = np.float32(0.45)
    assert goal >= 0.45  # as gymnasium compares, in float32
    positions = np.array([goal, goal, np.nextafter(goal, np.float32(0))])
    velocities = np.array([0.0, -1e-9, 0.0], dtype=np.float32)
    reached = torch.from_numpy(np.stack([positions, velocities], axis=1))
    assert terminated(reached, torch.zeros(3, 1), reached).tolist() == [True, False, False]


def hopper_states():
    """(qpos, qvel) around every bound of gymnasium's healthy check, one entry moved at a time."""
    bounds = [(1, 0.7), (1, 1e9), (2, 0.2), (2, -0.2)]
    bounds += [(entry, sign * 100.0) for entry in range(3, 12) for sign in (1, -1)]
    for entry, bound in bounds:
        for offset in (-1e-3, -1e-9, 0.0, 1e-9, 1e-3):
            state = np.zeros(12)
            state[1] = 1.25
            state[entry] = bound + offset
            yield state
    for entry in range(1, 12):
        for value in (np.nan, np.inf, -np.inf):
            state = np.zeros(12)
            state[1] = 1.25
            state[entry] = value
            yield state
    far = np.zeros(12)
    far[:2] = 1e6, 1.25  # the position along the track is irrelevant
    yield far


def test_hopper_at_every_bound():
    simulator: Any = make_simulator("Hopper-v5")
    simulator.reset(seed=0)
    states = np.stack(list(hopper_states()))
    flags = []
    for state in states:
        simulator.data.qpos[:], simulator.data.qvel[:] = state[:6], state[6:]
        flags.append(not simulator.is_healthy)
    # In float64, as the simulator compares, and before velocities are clipped in the observation.
    observations = torch.from_numpy(states[:, 1:])
    found = hopper(observations, torch.zeros(len(states), 3), observations)
    assert found.tolist() == flags
    assert 50 < sum(flags) < len(flags) - 30


def test_hopper_checks_lower_and_upper_bounds():
    standing = torch.zeros(11)
    standing[0] = 1.25
    for entry in range(1, 11):
        for value in (-100.1, 100.1):
            fallen = standing.clone()
            fallen[entry] = value
            assert hopper(standing, torch.zeros(3), fallen)
    assert not hopper(standing, torch.zeros(3), standing)
    assert not hopper(torch.full((11,), torch.nan), torch.zeros(3), standing)


def near(*bounds):
    """Values just inside, at and just outside each bound, far away, NaN and infinite."""
    offsets = (-1e-3, -1e-9, 0.0, 1e-9, 1e-3)
    values = [bound + offset for bound in bounds for offset in offsets]
    return [*values, -1e9, 1e9, np.nan, np.inf, -np.inf]


def flags_of(simulator, entry, value):
    """The simulator's flag and its (float64) positions, with one joint position replaced."""
    simulator.reset(seed=0)
    simulator.data.qpos[entry] = value
    return not simulator.is_healthy, torch.from_numpy(simulator.data.qpos.copy())


def test_walker_at_every_bound():
    simulator: Any = make_simulator("Walker2d-v5")
    flags = []
    for entry, bounds in ((1, (0.8, 2.0)), (2, (-1.0, 1.0)), (0, (0.0,)), (3, (0.0,))):
        for value in near(*bounds):
            flag, position = flags_of(simulator, entry, value)
            observation = position[1:]
            assert walker(observation, torch.zeros(6), observation).item() == flag
            flags.append(flag)
    assert 10 < sum(flags) < len(flags) - 10


def test_humanoid_at_every_bound():
    simulator: Any = make_simulator("Humanoid-v5")
    flags = []
    for entry, bounds in ((2, (1.0, 2.0)), (0, (0.0,)), (3, (0.0,))):
        for value in near(*bounds):
            flag, position = flags_of(simulator, entry, value)
            observation = position[2:]
            assert humanoid(observation, torch.zeros(17), observation).item() == flag
            flags.append(flag)
    assert 5 < sum(flags) < len(flags) - 10


def test_leading_axes_are_kept():
    observations = torch.ones(2, 5, 4, 11)
    actions = torch.zeros(2, 5, 4, 3)
    assert hopper(observations, actions, observations).shape == (2, 5, 4)
    assert never(observations, actions, observations).shape == (2, 5, 4)
    assert not never(observations, actions, observations).any()
