"""A ball that is pushed through a maze with walls, with a sparse reward at the goal."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from envs.sparse import ASSETS, SparseMujocoEnv

FRAME_SKIP = 5
START_NOISE = 0.1  # m
CONTACT_MARGIN = 0.1  # m, the most by which the ball presses into a wall (contacts are soft)
SPEED_LIMIT = 4.0  # m/s along each axis; actuators and damping balance at 2


class PointMazeEnv(SparseMujocoEnv):
    """Push a ball from the start to the goal of a maze; observations do not contain the goal.

    The MuJoCo model defines the maze: the sites "start" and "goal", the goal distance (the
    radius of the site "goal"), the walls and the actuators.

    Observation (4,): x, y (m), x velocity, y velocity (m/s).
    Action (2,): force along x and y in units of 8 N on 1 kg, damped by 4 N s/m: a speed of 2 m/s
    along each axis after about half a second.
    Goal: sqrt((x - goal x)^2 + (y - goal y)^2) <= goal distance, 0.4 m in all mazes.
    "point_maze.xml": the goal is (-1.6, 0.65); the start is (-1.6, -0.65), behind a wall.
    "point_maze_medium.xml": the goal is (1.8, 1.2), the start is (-1.8, -1.2), 11 m of corridor
    with a dead end away.
    "point_maze_large.xml": the goal is (3.6, -2.4), the start is (-3.6, -2.4), 22 m of corridor
    with dead ends away.
    Start: at rest, uniform within 0.1 m of the site "start" along each axis.
    """

    def __init__(self, xml_file: str = "point_maze.xml", **settings: Any) -> None:
        settings.setdefault("camera_name", "top")
        super().__init__(ASSETS / xml_file, FRAME_SKIP, **settings)
        half_size = self.model.geom("floor").size[:2] + CONTACT_MARGIN
        self.bound_observations(np.append(half_size, [SPEED_LIMIT, SPEED_LIMIT]))
        self.start: NDArray[np.float64] = self.model.site("start").pos[:2].copy()
        self.goal: NDArray[np.float32] = self.model.site("goal").pos[:2].astype(np.float32)
        self.goal_distance = np.float32(self.model.site("goal").size[0])

    def observe(self) -> NDArray[np.float64]:
        return self.state_vector()

    def at_goal(self, observation: NDArray[np.float32]) -> NDArray[np.bool_]:
        offset = observation[..., :2] - self.goal
        near: NDArray[np.bool_] = np.hypot(offset[..., 0], offset[..., 1]) <= self.goal_distance
        return near

    def place(self) -> None:
        noise = self.np_random.uniform(-START_NOISE, START_NOISE, size=2)
        self.start_at(self.start + noise, np.zeros(2))
