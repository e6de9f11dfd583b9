"""A cart that has to swing its pole up and balance it near the middle of the rail."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from envs.sparse import ASSETS, SparseMujocoEnv

FRAME_SKIP = 5
NEAR = np.float32(0.25)  # m
UPRIGHT = np.float32(0.995)  # the cosine of 5.7 degrees
START_NOISE = 0.05  # m, rad, m/s and rad/s
POSITION_LIMIT = 2.0  # m; the rail's soft ends are at 1.8
SPEED_LIMIT = 10.0  # m/s; force and damping balance at 10
ANGULAR_SPEED_LIMIT = 20.0  # rad/s; a fall from upright gives 8


class CartPoleSwingupEnv(SparseMujocoEnv):
    """Push a cart so that its hanging pole swings up, and balance it near the middle.

    Masses (cart 1 kg, pole 0.1 kg), lengths (rail +-1.8 m, pole 1 m) and goal are those of
    dm_control's cart-pole "swingup_sparse". Its force of 10 N, held for our 0.05 s, would swing the
    pole up by chance in 15 of 400 random episodes: here it is 5 N, and the cart is damped by
    0.5 N s/m.

    Observation (5,): position x (m), cosine and sine of the pole's angle (0 is upright), velocity
    (m/s), angular velocity (rad/s).
    Action (1,): force on the cart in units of 5 N.
    Goal: |x| <= 0.25 and cosine >= 0.995.
    Start: uniform within 0.05 m of the middle and 0.05 rad of hanging, with speeds within 0.05 m/s
    and 0.05 rad/s.
    """

    def __init__(self, **settings: Any) -> None:
        settings.setdefault("camera_name", "side")
        super().__init__(ASSETS / "cart_pole_swingup.xml", FRAME_SKIP, **settings)
        self.bound_observations(
            np.array([POSITION_LIMIT, 1.0, 1.0, SPEED_LIMIT, ANGULAR_SPEED_LIMIT])
        )

    def observe(self) -> NDArray[np.float64]:
        position, angle = self.data.qpos
        return np.array([position, np.cos(angle), np.sin(angle), *self.data.qvel])

    def at_goal(self, observation: NDArray[np.float32]) -> NDArray[np.bool_]:
        near: NDArray[np.bool_] = np.abs(observation[..., 0]) <= NEAR
        return near & (observation[..., 1] >= UPRIGHT)

    def place(self) -> None:
        state = self.np_random.uniform(-START_NOISE, START_NOISE, size=4)
        state[1] += np.pi
        self.start_at(state[:2], state[2:])
