"""A pendulum with a weak motor that has to swing it up and hold it, with a sparse reward."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from envs.sparse import ASSETS, SparseMujocoEnv

FRAME_SKIP = 5
UPRIGHT = np.float32(np.cos(np.deg2rad(8.0)))
START_NOISE = 0.1  # rad and rad/s
SPEED_LIMIT = 20.0  # rad/s; motor and damping balance at 10


class PendulumSwingupEnv(SparseMujocoEnv):
    """Swing a hanging pendulum up and hold it. The motor cannot lift it without momentum.

    The physics is that of dm_control's pendulum (a weight of 1 kg on a massless rod of 0.5 m,
    damping 0.1 N m s, a motor of 1 N m, and up to 4.9 N m of gravity). dm_control starts at any
    angle, which is at the goal in one episode in 22; here every episode starts hanging.

    Observation (3,): cosine and sine of the angle (0 is upright), angular velocity (rad/s).
    Action (1,): torque in N m.
    Goal: cosine >= cos(8 degrees).
    Start: uniform within 0.1 rad of hanging, with an angular velocity within 0.1 rad/s.
    """

    def __init__(self, **settings: Any) -> None:
        settings.setdefault("camera_name", "side")
        super().__init__(ASSETS / "pendulum_swingup.xml", FRAME_SKIP, **settings)
        self.bound_observations(np.array([1.0, 1.0, SPEED_LIMIT]))

    def observe(self) -> NDArray[np.float64]:
        angle, velocity = self.data.qpos[0], self.data.qvel[0]
        return np.array([np.cos(angle), np.sin(angle), velocity])

    def at_goal(self, observation: NDArray[np.float32]) -> NDArray[np.bool_]:
        upright: NDArray[np.bool_] = observation[..., 0] >= UPRIGHT
        return upright

    def place(self) -> None:
        angle, velocity = self.np_random.uniform(-START_NOISE, START_NOISE, size=2)
        self.start_at(np.array([np.pi + angle]), np.array([velocity]))
