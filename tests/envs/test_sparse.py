"""The sparse tasks: rewards follow from observations; goals are reachable, but not by chance."""

from typing import Any

import numpy as np
import pytest

from envs import make_vector, task, task_ids
from envs.simulation.control_suite import NAMESPACE
from envs.simulation.make import make_simulator
from envs.task import rewarded
from envs.tools.controllers import CONTROLLERS, Controller
from envs.tools.random_scores import measure as measure_random
from envs.tools.reference_scores import main, measure, play

SPARSE = [
    environment_id
    for environment_id in task_ids()
    if task(environment_id).sparse and not environment_id.startswith(NAMESPACE)
]
# The mountain cars also have a price on actions, and end at the goal.
MOUNTAIN_CARS = ["MountainCarContinuous-v0", "p2e/WeakMountainCar-v0"]
OURS = [environment_id for environment_id in SPARSE if task(environment_id).success is rewarded]


# The rewards as the tasks' descriptions define them, reimplemented for one observation.
def at_goal_of_maze(observation: Any, x: float, y: float) -> bool:
    offset = observation[:2] - np.array([x, y], np.float32)
    return bool(np.sqrt(np.sum(offset * offset)) <= np.float32(0.4))


PREDICATES = {
    "p2e/CartPoleSwingupSparse-v0": lambda o: -0.25 <= o[0] <= 0.25 and o[1] >= np.float32(0.995),
    "p2e/PendulumSwingup-v0": lambda o: o[0] >= np.float32(np.cos(8 / 180 * np.pi)),
    "p2e/PointMaze-v0": lambda o: at_goal_of_maze(o, -1.6, 0.65),
    "p2e/PointMazeLarge-v0": lambda o: at_goal_of_maze(o, 3.6, -2.4),
    "p2e/PointMazeMedium-v0": lambda o: at_goal_of_maze(o, 1.8, 1.2),
    "p2e/SparseHalfCheetah-v0": lambda o: o[0] > 5,
    "p2e/SparseReacher-v0": lambda o: np.sqrt(o[8] * o[8] + o[9] * o[9]) <= np.float32(0.1),
}


def test_every_sparse_task_has_a_controller_and_a_measured_chance():
    assert set(CONTROLLERS) == set(SPARSE)
    assert set(PREDICATES) == set(OURS) == set(SPARSE) - set(MOUNTAIN_CARS)
    for environment_id in SPARSE:
        measured = task(environment_id).random_successes
        assert measured is not None
        successes, episodes = measured
        assert episodes >= 1000
        assert successes <= episodes / 200


@pytest.mark.parametrize("environment_id", OURS)
def test_rewards_are_the_predicate_of_the_observation(environment_id):
    """With noise on the controller's actions, so that the goal's border is crossed repeatedly."""
    environment = make_vector(environment_id, [5])
    generator = np.random.default_rng(0)
    rewards = []
    for _ in range(8):
        controller, observation = CONTROLLERS[environment_id](), environment.reset()
        noise = np.zeros(environment.action_size)
        for _ in range(environment.horizon):
            noise = 0.95 * noise + 0.1 * generator.standard_normal(environment.action_size)
            action = controller(observation[0]) + noise
            step = environment.step(action[None].astype(np.float32))
            observation = step.observation
            rewards.append(step.reward[0])
            assert step.reward[0] == PREDICATES[environment_id](step.next_observation[0])
            assert step.success[0] or step.reward[0] == 0
            assert not step.terminated[0]
    assert set(rewards) == {0.0, 1.0}


@pytest.mark.parametrize("environment_id", OURS)
def test_the_goal_has_an_exact_border(environment_id):
    simulator: Any = make_simulator(environment_id)
    simulator.reset(seed=0)
    generator = np.random.default_rng(1)
    high = simulator.observation_space.high
    observations = generator.uniform(-high, high, (20000, len(high))).astype(np.float32)
    found = simulator.at_goal(observations)
    expected = [bool(PREDICATES[environment_id](row)) for row in observations]
    np.testing.assert_array_equal(found, expected)
    assert 0 < found.sum() < 20000
    if environment_id == "p2e/CartPoleSwingupSparse-v0":
        edge, upright = np.float32(0.25), np.float32(0.995)
        beside, leaning = np.nextafter(edge, np.float32(1)), np.nextafter(upright, np.float32(0))
        rows = [(edge, upright), (-edge, upright), (-beside, upright), (edge, leaning)]
        assert simulator.at_goal(np.array(rows)).tolist() == [True, True, False, False]
    if environment_id == "p2e/SparseHalfCheetah-v0":
        beyond = np.nextafter(np.float32(5), np.float32(6))
        assert simulator.at_goal(np.array([[np.float32(5)], [beyond]])).tolist() == [False, True]


@pytest.mark.parametrize("environment_id", SPARSE)
def test_a_known_controller_scores_the_reference(environment_id):
    played = measure(environment_id, CONTROLLERS[environment_id], episodes=10, seed=3)
    assert all(episode.success for episode in played)
    totals = [episode.total for episode in played]
    known = task(environment_id)
    assert known.reference_score is not None
    if environment_id == "MountainCarContinuous-v0":  # where the reference is a trained policy's
        assert 88 < np.mean(totals) < known.reference_score
        return
    tolerance = 4 * np.hypot(np.std(totals), 1.0) / np.sqrt(len(totals))
    assert abs(np.mean(totals) - known.reference_score) <= tolerance
    if environment_id in MOUNTAIN_CARS:  # one reward, at the end
        return
    arrivals = [episode.arrival or 0 for episode in played]
    latest = [known.horizon + 1 - total for total in totals]
    assert np.all(np.less_equal(arrivals, latest))
    assert min(arrivals) >= 20


@pytest.mark.parametrize("environment_id", OURS)
def test_a_random_policy_does_not_find_the_goal(environment_id):
    score = measure_random(environment_id, episodes=25, seed=0)
    assert score.successes == 0
    assert set(score.returns) == {0.0}
    assert set(score.lengths) == {task(environment_id).horizon}


@pytest.mark.parametrize("environment_id", OURS)
def test_observations_are_bounded_and_of_moderate_size(environment_id):
    """Observations stay inside the bounds, so that nothing is lost by clipping unless declared."""
    environment = make_vector(environment_id, [0])
    simulator: Any = make_simulator(environment_id)
    high = simulator.observation_space.high
    assert simulator.observation_space.is_bounded("both")
    assert high.max() <= 40
    generator = np.random.default_rng(0)
    size = environment.action_size
    policies: list[Controller] = [CONTROLLERS[environment_id]()]
    policies += [lambda o: generator.uniform(-1, 1, size), lambda o: np.ones(size)]
    policies += [lambda o: generator.choice([-1.0, 1.0], size)]
    largest = np.zeros_like(high)
    for policy in policies:
        observation = environment.reset()
        for _ in range(environment.horizon - 1):
            observation = environment.step(policy(observation[0])[None].astype(np.float32))[-1]
            largest = np.maximum(largest, np.abs(observation[0]))
    free = high > 1  # the others are cosines, sines and the reacher's target
    if environment_id == "p2e/SparseHalfCheetah-v0":
        assert largest[0] == 10  # x is clipped there, as declared
        free[0] = False
    assert np.all(largest[free] < high[free])


STARTS: dict[str, tuple[list[float], list[float]]] = {
    "p2e/CartPoleSwingupSparse-v0": ([0, -1, 0, 0, 0], [0.05, 0.002, 0.05, 0.05, 0.05]),
    "p2e/PendulumSwingup-v0": ([-1, 0, 0], [0.005, 0.1, 0.1]),
    "p2e/PointMaze-v0": ([-1.6, -0.65, 0, 0], [0.1, 0.1, 0, 0]),
    "p2e/PointMazeLarge-v0": ([-3.6, -2.4, 0, 0], [0.1, 0.1, 0, 0]),
    "p2e/PointMazeMedium-v0": ([-1.8, -1.2, 0, 0], [0.1, 0.1, 0, 0]),
    "p2e/SparseHalfCheetah-v0": (
        [0.0, 0.0, 1.0] + [0.0] * 16,
        [0.1, 0.1, 0.01, 0.1] + [0.1] * 6 + [0.5] * 9,
    ),
    "p2e/SparseReacher-v0": (
        [1, 0, 1, 0, 0, 0, -0.67, 0, -1.67, 0],
        [0.01, 0.1, 0.01, 0.1, 0, 0, 0.24, 0.45, 0.27, 0.6],
    ),
}


@pytest.mark.parametrize("environment_id", OURS)
def test_episodes_start_where_they_should(environment_id):
    simulator: Any = make_simulator(environment_id)
    middle, spread = (np.array(values) for values in STARTS[environment_id])
    starts = np.array([simulator.reset(seed=seed)[0] for seed in range(300)])
    offset = np.abs(starts - middle)
    assert np.all(offset <= spread + 1e-5), offset.max(axis=0)
    assert np.all(offset.max(axis=0) >= 0.4 * spread)
    assert not simulator.at_goal(starts).any()


def test_targets_of_the_reacher_are_where_they_should_be():
    simulator: Any = make_simulator("p2e/SparseReacher-v0")
    targets = np.array([simulator.reset(seed=seed)[0][6:8] for seed in range(500)])
    distance, angle = np.hypot(*targets.T), np.arctan2(targets[:, 1], -targets[:, 0])
    assert 0.5 <= distance.min() < 0.51 and 0.89 < distance.max() <= 0.9
    assert -0.5 <= angle.min() < -0.49 and 0.49 < angle.max() <= 0.5


def test_the_reacher_observes_its_fingertip():
    """Forward kinematics of our own against MuJoCo's, which are up to date after mj_forward."""
    simulator: Any = make_simulator("p2e/SparseReacher-v0")
    simulator.reset(seed=0)
    generator = np.random.default_rng(0)
    for _ in range(50):
        simulator.set_state(generator.uniform(-2.5, 2.5, 2), np.zeros(2))
        fingertip = simulator.data.geom("fingertip").xpos[:2]
        target = simulator.data.site("target").xpos[:2]
        np.testing.assert_allclose(simulator.observe()[8:], target - fingertip, atol=1e-12)
        np.testing.assert_allclose(simulator.observe()[6:8], target, atol=1e-12)


def test_the_cheetah_runs_as_gymnasiums():
    """The physics are bit-identical: only a marking on the floor was added."""
    ours: Any = make_simulator("p2e/SparseHalfCheetah-v0")
    plain: Any = make_simulator("HalfCheetah-v5")
    for seed in range(3):
        ours.reset(seed=seed), plain.reset(seed=seed)
        np.testing.assert_array_equal(ours.state_vector(), plain.state_vector())
        generator = np.random.default_rng(seed)
        for _ in range(200):
            action = generator.uniform(-1, 1, 6).astype(np.float32)
            ours.step(action), plain.step(action)
            np.testing.assert_array_equal(ours.state_vector(), plain.state_vector())
    observation = ours.step(action)[0]
    plain.step(action)
    x, height, pitch, *joints = plain.data.qpos
    expected = [x, height, np.cos(pitch), np.sin(pitch), *joints, *plain.data.qvel]
    np.testing.assert_array_equal(observation, np.array(expected, np.float32))


def swinging(environment_id, entry, hinge):
    """The period in seconds of small free swings around hanging, averaged over ten."""
    simulator: Any = make_simulator(environment_id)
    simulator.reset(seed=0)
    position, velocity = np.zeros(simulator.model.nq), np.zeros(simulator.model.nv)
    position[hinge] = np.pi + 0.05
    simulator.set_state(position, velocity)
    still = np.zeros(1, np.float32)
    sines = np.array([simulator.step(still)[0][entry] for _ in range(400)], dtype=np.float64)
    changes = np.flatnonzero(np.diff(np.sign(sines)) != 0)[:21]
    share = sines[changes] / (sines[changes] - sines[changes + 1])
    return (changes + share)[[0, -1]] @ [-1, 1] * simulator.dt / 10


def test_the_pendulum_swings_as_the_equations_say():
    inertia = 0.5**2 + 0.4 * 0.05**2  # kg m^2, of a ball of 1 kg and 5 cm
    frequency = np.sqrt(9.81 * 0.5 / inertia - (0.1 / (2 * inertia)) ** 2)
    assert swinging("p2e/PendulumSwingup-v0", 1, 0) == pytest.approx(
        2 * np.pi / frequency, rel=2e-3
    )


def test_the_cart_poles_pole_swings_as_the_equations_say():
    """A capsule of 0.1 kg on a cart of 1 kg; the cart's friction hardly changes the period."""
    radius, length = 0.045, 1.0
    cylinder, ball = np.pi * radius**2 * length, 4 / 3 * np.pi * radius**3
    mass = 0.1 * np.array([cylinder, ball]) / (cylinder + ball)
    half_ball_off = length / 2 + 3 / 8 * radius
    inertia = mass[0] * (length**2 / 12 + radius**2 / 4)
    inertia += mass[1] * (0.4 * radius**2 - (3 / 8 * radius) ** 2 + half_ball_off**2)
    about_pivot = inertia + 0.1 * 0.5**2
    free = about_pivot - (0.1 * 0.5) ** 2 / 1.1  # the cart gives way
    period = 2 * np.pi * np.sqrt(free / (0.1 * 9.81 * 0.5))
    assert swinging("p2e/CartPoleSwingupSparse-v0", 2, 1) == pytest.approx(period, rel=5e-3)


def constant(force: float) -> Controller:
    return lambda observation: np.array([force])


@pytest.mark.parametrize(
    "environment_id", ["p2e/PendulumSwingup-v0", "p2e/CartPoleSwingupSparse-v0"]
)
def test_full_force_alone_does_not_swing_up(environment_id):
    environment = make_vector(environment_id, [0])
    for force in (1.0, -1.0):
        episode = play(environment, constant(force))
        assert not episode.success


def test_the_arm_is_slow():
    simulator: Any = make_simulator("p2e/SparseReacher-v0")
    simulator.reset(seed=0)
    for _ in range(100):
        observation = simulator.step(np.array([1, 0], np.float32))[0]
    assert observation[4] == pytest.approx(1.5, abs=0.01)  # torque 1.5 N m against 1 N m s


def test_reference_scores_program_prints_one_row_a_task(capsys):
    main(["p2e/PointMaze-v0", "--episodes", "2"])
    header, row = capsys.readouterr().out.splitlines()
    values = dict(zip(header.split(","), row.split(","), strict=True))
    assert values["successes"] == values["episodes"] == "2"
    assert 120 <= float(values["mean_return"]) <= 123
