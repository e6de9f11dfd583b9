"""The point maze: reachable by who knows the way, not by chance; solid walls; exact reward."""

import os
import subprocess
import sys

import numpy as np
import pytest

from envs import make_vector, task
from envs.point_maze import PointMazeEnv
from envs.random_scores import measure

MAZE = "p2e/PointMaze-v0"
WAYPOINTS = np.array([[1.5, -0.65], [1.5, 0.65], [-1.6, 0.65]])
RADIUS = 0.1
GIVE = 0.03  # m; how far a ball at full speed may be pressed into a wall


class WaypointController:
    """Heads for one waypoint after another, braking by its velocity; the reference policy."""

    def __init__(self):
        self.next = 0

    def __call__(self, observation):
        position, velocity = observation[:2], observation[2:]
        passed = np.linalg.norm(position - WAYPOINTS[self.next]) < 0.4
        if passed and self.next < len(WAYPOINTS) - 1:
            self.next += 1
        return np.clip(4 * (WAYPOINTS[self.next] - position) - velocity, -1, 1)


def play(environment, controller):
    """One episode of a one-row environment: return, step of the first reward, success."""
    observation = environment.reset()
    rewards = []
    while True:
        step = environment.step(controller(observation[0])[None].astype(np.float32))
        rewards.append(float(step.reward[0]))
        observation = step.observation
        if step.truncated[0]:
            first = rewards.index(1.0) + 1 if 1.0 in rewards else None
            return sum(rewards), first, bool(step.success[0])


def test_a_waypoint_controller_scores_the_reference():
    environment = make_vector(MAZE, [0])
    episodes = [play(environment, WaypointController()) for _ in range(20)]
    returns, arrivals, successes = zip(*episodes, strict=True)
    assert all(successes)
    assert min(arrivals) >= 70
    assert max(arrivals) <= 100
    assert abs(np.mean(returns) - task(MAZE).reference_score) < 0.5


def test_heading_straight_for_the_goal_fails():
    environment = make_vector(MAZE, [0])
    assert play(environment, lambda o: 5 * (WAYPOINTS[-1] - o[:2])) == (0.0, None, False)


def test_a_random_policy_does_not_find_the_goal():
    score = measure(MAZE, episodes=50, seed=0)
    assert score.successes == 0
    assert set(score.returns) == {0.0} == {task(MAZE).random_score}
    assert set(score.lengths) == {200}


def test_reward_is_exactly_the_declared_predicate():
    simulator = PointMazeEnv()
    simulator.reset(seed=0)
    np.testing.assert_array_equal(simulator.goal, [-1.6, 0.65])
    assert simulator.goal_distance == 0.4
    still = np.zeros(2, np.float32)
    rewarded = []
    for angle in np.linspace(0, 2 * np.pi, 16):
        for distance in (0.0, 0.2, 0.399999, 0.400001, 0.5):
            direction = np.array([np.cos(angle), np.sin(angle)])
            position = simulator.goal + distance * direction
            if np.abs(position[0]) > 1.9 or not 0.2 < position[1] < 1.1:
                continue  # inside a wall
            simulator.set_state(position, np.zeros(2))
            observation, reward, terminated, truncated, _ = simulator.step(still)
            np.testing.assert_array_equal(observation, [*position, 0, 0])
            assert reward == (distance < 0.4)
            assert not terminated
            assert not truncated
            rewarded.append(reward)
    assert 0 < sum(rewarded) < len(rewarded)


def test_reward_counts_where_a_step_ends():
    simulator = PointMazeEnv()
    simulator.reset(seed=0)
    entering = np.array([-1.6 + 0.4 + 0.05, 0.65])
    simulator.set_state(entering, np.array([-2.0, 0.0]))
    assert simulator.step(np.array([-1, 0], np.float32))[1] == 1.0
    simulator.set_state(np.array([-1.6 + 0.4 - 0.05, 0.65]), np.array([2.0, 0.0]))
    assert simulator.step(np.array([1, 0], np.float32))[1] == 0.0


def test_episodes_start_at_rest_around_the_start():
    simulator = PointMazeEnv()
    starts = np.array([simulator.reset(seed=seed)[0] for seed in range(200)])
    offset = starts[:, :2] - [-1.6, -0.65]
    assert np.abs(offset).max() <= 0.1
    assert np.abs(offset).max(axis=0) == pytest.approx([0.1, 0.1], abs=0.01)
    assert np.all(starts[:, 2:] == 0)


def free(position):
    """Whether the ball's centre is outside all walls, give or take what a contact gives."""
    reach = RADIUS - GIVE
    x, y = position
    inside = abs(x) <= 2 - reach and abs(y) <= 1.2 - reach
    # The divider ends at x = 1 with square corners, so measure to the nearest point of the box.
    nearest = np.array([np.clip(x, -2, 1), np.clip(y, -0.1, 0.1)])
    return inside and np.hypot(*(position - nearest)) >= reach


def pushes():
    """Start positions and constant forces: diagonal, straight, and random ones."""
    generator = np.random.default_rng(0)
    forces = [np.array(f) for f in [(1, 1), (1, -1), (-1, 1), (-1, -1), (0, 1), (0, -1), (1, 0)]]
    for index in range(60):
        angle = generator.uniform(0, 2 * np.pi)
        force = forces[index] if index < len(forces) else [np.cos(angle), np.sin(angle)]
        side = generator.choice([-1, 1])
        yield np.array([generator.uniform(-1.9, 1.9), side * generator.uniform(0.2, 1.1)]), force


def test_walls_are_solid():
    simulator = PointMazeEnv()
    simulator.reset(seed=0)
    touched = 0
    for position, force in pushes():
        simulator.set_state(position, 2.5 * np.sign(force))
        before = position
        for _ in range(80):
            observation = simulator.step(np.asarray(force, np.float32))[0]
            touched += simulator.data.ncon > 0
            after = observation[:2]
            assert simulator.observation_space.contains(observation)
            assert free(after), f"from {position} with {force} to {after}"
            crossed = before[1] * after[1] < 0
            assert not crossed or min(before[0], after[0]) > 1.0
            before = after
    assert touched > 1000


def test_the_camera_looks_down_on_all_of_it():
    simulator = PointMazeEnv()
    simulator.reset(seed=0)
    camera = simulator.model.camera("top")
    np.testing.assert_allclose(simulator.data.camera("top").xmat.reshape(3, 3), np.eye(3))
    half_height = camera.pos[2] * np.tan(np.deg2rad(camera.fovy[0] / 2))
    assert half_height > simulator.model.geom("floor").size[:2].max()


RENDER = """
import sys, mujoco
try:
    mujoco.GLContext(8, 8).free()
except Exception as error:
    sys.exit(f"no OpenGL: {error!r}")
import numpy as np
from envs import make_vector
environment = make_vector("p2e/PointMaze-v0", [0], render_mode="rgb_array")
environment.reset()
first = environment.render()
assert first.shape == (480, 480, 3) and first.dtype == np.uint8, first.shape
for _ in range(20):
    environment.step(np.array([[1.0, 0.0]], np.float32))
moved = np.argwhere(np.abs(environment.render().astype(int) - first).max(axis=2) > 60)
row, column = moved.mean(axis=0)
assert 240 < row < 400, row        # the start's corridor is the lower one
assert 40 < column < 300, column   # it moved to the right from the left end
environment.close()
"""


def test_renders_from_above():
    pytest.importorskip("OpenGL", exc_type=ImportError)
    found = subprocess.run(
        [sys.executable, "-c", RENDER],
        env={**os.environ, "MUJOCO_GL": "egl", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    if "no OpenGL" in found.stderr:
        pytest.skip(found.stderr.strip())
    assert found.returncode == 0, found.stderr


def test_a_frame_needs_a_render_mode():
    environment = make_vector(MAZE, [0])
    environment.reset()
    with pytest.raises(RuntimeError, match="rgb_array"):
        environment.render()
