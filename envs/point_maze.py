"""A point mass that is pushed through a walled maze, seen from above, with a sparse reward."""

from pathlib import Path
from typing import Any

import numpy as np
from gymnasium.envs.mujoco import MujocoEnv
from gymnasium.spaces import Box
from numpy.typing import NDArray

ASSETS = Path(__file__).parent / "assets"
FRAME_SKIP = 5
START_NOISE = 0.1  # m
CONTACT_MARGIN = 0.1  # m, by how much a soft contact may at most be pressed into a wall
SPEED_LIMIT = 4.0  # m/s an axis; the actuators against the damping reach 2


class PointMazeEnv(MujocoEnv):
    """Push a ball from the start to the goal of a maze; nothing tells where the goal is.

    The model states every fact of a maze: the sites "start" and "goal", the goal distance (the
    radius of the site "goal"), the walls and the actuators.

    Observation (4,) float64: x, y (m), x velocity, y velocity (m/s).
    Action (2,) float32 in [-1, 1]: force along x and y in units of 8 N on 1 kg, damped by
    4 N s/m: a speed of 2 m/s along each axis after about half a second. One step lasts 0.05 s.
    Reward: 1.0 on every step after which sqrt((x - goal x)^2 + (y - goal y)^2) <= goal distance,
    otherwise 0.0, with x and y as in the observation (entries 0 and 1). In "point_maze.xml" the
    goal is (-1.6, 0.65) and the goal distance 0.4 m; the start is (-1.6, -0.65), behind a wall.
    Start: at rest, within 0.1 m of the site "start" along each axis, uniformly.
    Never terminates.
    """

    # gymnasium declares it an instance variable and reads it from the class.
    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 20}  # noqa: RUF012

    def __init__(self, xml_file: str = "point_maze.xml", **settings: Any) -> None:
        settings.setdefault("camera_name", "top")
        super().__init__(str(ASSETS / xml_file), FRAME_SKIP, observation_space=None, **settings)
        half_size = self.model.geom("floor").size[:2] + CONTACT_MARGIN
        high = np.concatenate([half_size, [SPEED_LIMIT, SPEED_LIMIT]])
        self.observation_space = Box(-high, high, dtype=np.float64)
        self.start: NDArray[np.float64] = self.model.site("start").pos[:2].copy()
        self.goal: NDArray[np.float64] = self.model.site("goal").pos[:2].copy()
        self.goal_distance = float(self.model.site("goal").size[0])

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[NDArray[np.float64], np.float64, bool, bool, dict[str, np.float64]]:
        self.do_simulation(action, self.frame_skip)
        observation = self.state_vector()
        offset = observation[:2] - self.goal
        distance = np.float64(np.sqrt(offset @ offset))
        reward = np.float64(distance <= self.goal_distance)
        return observation, reward, False, False, {"goal_distance": distance}

    def reset_model(self) -> NDArray[np.float64]:
        noise = self.np_random.uniform(-START_NOISE, START_NOISE, size=2)
        # gymnasium leaves this method without annotations.
        self.set_state(self.start + noise, np.zeros(2))  # type: ignore[no-untyped-call]
        return self.state_vector()
