"""The point maze: the goal is reached with a plan, not by chance; solid walls; exact reward."""

import os
import subprocess
import sys

import numpy as np
import pytest

from envs import make_vector
from envs.point_maze import PointMazeEnv
from envs.tools.controllers import WaypointController
from envs.tools.reference_scores import Episode, play

MAZE = "p2e/PointMaze-v0"
MAZES = ("point_maze.xml", "point_maze_medium.xml", "point_maze_large.xml")
RADIUS = 0.1
GIVE = 0.03  # m; how far a ball at full speed may be pressed into a wall


def test_heading_straight_for_the_goal_fails():
    goals = {
        MAZE: (-1.6, 0.65),
        "p2e/PointMazeMedium-v0": (1.8, 1.2),
        "p2e/PointMazeLarge-v0": (3.6, -2.4),
    }
    for environment_id, goal in goals.items():
        environment = make_vector(environment_id, [0])
        straight = WaypointController([goal])
        assert play(environment, straight) == Episode(total=0.0, success=False, arrival=None)


def walls(simulator):
    """Centres and half sizes (W, 2) of all walls."""
    solid = np.flatnonzero((simulator.model.geom_contype > 0) & (simulator.model.geom_bodyid == 0))
    return simulator.model.geom_pos[solid, :2], simulator.model.geom_size[solid, :2]


def neighbours(simulator, cell):
    """The centres of the 1.2 m cells that can be entered from the cell with the given centre."""
    centres, halves = walls(simulator)
    for way in np.array([(1, 0), (-1, 0), (0, 1), (0, -1)]):
        border = cell + 0.6 * way
        if not (np.abs(border - centres) <= halves).all(axis=1).any():
            yield tuple(np.round(cell + 1.2 * way, 1).tolist())


@pytest.mark.parametrize(
    ("xml_file", "cells", "way"),
    [("point_maze_medium.xml", 4 * 3, 10.8), ("point_maze_large.xml", 7 * 5, 21.6)],
)
def test_the_mazes_of_cells_have_one_way(xml_file, cells, way):
    simulator = PointMazeEnv(xml_file)
    start, goal = tuple(simulator.start.tolist()), tuple(np.round(simulator.goal.tolist(), 1))
    length, waiting, passages = {start: 0.0}, [start], 0
    while waiting:
        cell = waiting.pop()
        for near in neighbours(simulator, np.array(cell)):
            passages += 1
            if near not in length:
                length[near] = length[cell] + 1.2
                waiting.append(near)
    assert len(length) == cells
    assert passages == 2 * (cells - 1)  # a tree: there is one path to each cell
    assert length[goal] == pytest.approx(way)


def test_reward_is_exactly_the_declared_predicate():
    simulator = PointMazeEnv()
    simulator.reset(seed=0)
    np.testing.assert_array_equal(simulator.goal, np.array([-1.6, 0.65], np.float32))
    assert simulator.goal_distance == np.float32(0.4)
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
            np.testing.assert_array_equal(observation, np.array([*position, 0, 0], np.float32))
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


def depth(simulator, position):
    """How far the ball is pressed into the walls (m): the same for a corner and for a face."""
    centres, halves = walls(simulator)
    nearest = np.clip(position, centres - halves, centres + halves)
    return RADIUS - np.linalg.norm(position - nearest, axis=1).min()


def crossed(simulator, before, after):
    """Whether the ball's centre was inside a wall on the straight line between two steps."""
    centres, halves = walls(simulator)
    line = np.linspace(before, after, 21)[:, None]
    return (np.abs(line - centres) < halves - 0.02).all(axis=2).any()


def pushes(simulator):
    """Free positions and constant forces: diagonal, straight, and random ones."""
    generator = np.random.default_rng(0)
    forces = [np.array(f) for f in [(1, 1), (1, -1), (-1, 1), (-1, -1), (0, 1), (0, -1), (1, 0)]]
    half_size = simulator.model.geom("floor").size[:2] - 0.3
    count = 0
    while count < 60:
        angle = generator.uniform(0, 2 * np.pi)
        force = forces[count] if count < len(forces) else [np.cos(angle), np.sin(angle)]
        position = generator.uniform(-half_size, half_size)
        if depth(simulator, position) <= 0:
            count += 1
            yield position, force


@pytest.mark.parametrize("xml_file", MAZES)
def test_walls_are_solid(xml_file):
    simulator = PointMazeEnv(xml_file)
    simulator.reset(seed=0)
    touched = 0
    for position, force in pushes(simulator):
        simulator.set_state(position, 2.5 * np.sign(force))
        before = position
        for _ in range(80):
            observation = simulator.step(np.asarray(force, np.float32))[0]
            touched += simulator.data.ncon > 0
            after = observation[:2].astype(np.float64)
            assert simulator.observation_space.contains(observation)
            assert depth(simulator, after) <= GIVE, f"from {position} with {force} to {after}"
            assert not crossed(simulator, before, after)
            before = after
    assert touched > 1000


@pytest.mark.parametrize("xml_file", MAZES)
def test_the_camera_looks_down_on_all_of_it(xml_file):
    simulator = PointMazeEnv(xml_file)
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
