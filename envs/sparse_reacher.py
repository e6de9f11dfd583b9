"""A two-link arm that has to reach a target on its other side, with a sparse reward."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from envs.sparse import ASSETS, SparseMujocoEnv

FRAME_SKIP = 5
LINK = 0.5  # m, both
START_NOISE = 0.1  # rad
TARGET_DISTANCE = (0.5, 0.9)  # m from the shoulder
TARGET_ANGLE = 0.5  # rad to either side of the direction away from the start
SPEED_LIMIT = 10.0  # rad/s; motors and damping balance at 1.5


class SparseReacherEnv(SparseMujocoEnv):
    """Bring the fingertip of a planar arm to a target that lies behind the arm.

    The arm is our own model: in Gymnasium's Reacher-v5 random torques fling the arm all around.
    Here damping keeps it slow, and every target lies half a turn away from where the arm starts.
    (With a top speed of 2 rad/s instead of 1.5, one random episode in 2,000 found the target.)

    Observation (10,): cosine and sine of the shoulder's angle, cosine and sine of the elbow's,
    their angular velocities (rad/s), x and y of the target, x and y of target minus fingertip (m).
    Action (2,): torques of shoulder and elbow in units of 1.5 N m, damped by 1 N m s.
    Goal: sqrt(x^2 + y^2) <= 0.1 m for target minus fingertip, observations 8 and 9; that is a
    tenth of the arm, as in dm_control's reacher "hard".
    Start: at rest, each joint uniform within 0.1 rad of the arm stretched out along +x. The
    target's distance from the shoulder is uniform in [0.5, 0.9] m, its direction uniform within
    0.5 rad of -x.
    """

    def __init__(self, **settings: Any) -> None:
        settings.setdefault("camera_name", "top")
        super().__init__(ASSETS / "sparse_reacher.xml", FRAME_SKIP, **settings)
        self.bound_observations(np.array([1.0] * 4 + [SPEED_LIMIT] * 2 + [1.0] * 2 + [2.0] * 2))
        self.goal_distance = np.float32(self.model.site("target").size[0])

    def observe(self) -> NDArray[np.float64]:
        shoulder, elbow = self.data.qpos
        target = self.data.mocap_pos[0, :2]
        # From the angles: MuJoCo's own frames lag them by one step of the physics.
        fingertip = LINK * np.array(
            [
                np.cos(shoulder) + np.cos(shoulder + elbow),
                np.sin(shoulder) + np.sin(shoulder + elbow),
            ]
        )
        angles = [np.cos(shoulder), np.sin(shoulder), np.cos(elbow), np.sin(elbow)]
        return np.concatenate([angles, self.data.qvel, target, target - fingertip])

    def at_goal(self, observation: NDArray[np.float32]) -> NDArray[np.bool_]:
        near: NDArray[np.bool_] = (
            np.hypot(observation[..., 8], observation[..., 9]) <= self.goal_distance
        )
        return near

    def place(self) -> None:
        distance = self.np_random.uniform(*TARGET_DISTANCE)
        angle = np.pi + self.np_random.uniform(-TARGET_ANGLE, TARGET_ANGLE)
        self.data.mocap_pos[0, :2] = distance * np.array([np.cos(angle), np.sin(angle)])
        self.start_at(self.np_random.uniform(-START_NOISE, START_NOISE, size=2), np.zeros(2))
