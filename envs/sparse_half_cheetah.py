"""The half cheetah with a sparse reward: it is paid beyond x = 5 m only."""

import warnings
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from envs.sparse import SparseMujocoEnv

FRAME_SKIP = 5
GOAL = np.float32(5.0)  # m
START_NOISE = 0.1  # m, rad, m/s and rad/s, as in HalfCheetah-v5
POSITION_LIMIT = 10.0  # m
HEIGHT_LIMIT = 2.0  # m above its start
SPEED_LIMIT = 10.0  # m/s
ANGULAR_SPEED_LIMIT = 40.0  # rad/s
JOINT_LIMIT = 2.0  # rad; the model's own limits are soft, and within 1.1


class SparseHalfCheetahEnv(SparseMujocoEnv):
    """Run 5 m forwards; there is no reward on the way.

    The model, actions, physics and starts are those of Gymnasium's HalfCheetah-v5. Observations
    and rewards differ: the observation contains x, because the reward depends on it.

    Observation (19,): x of the torso (m, clipped to +-10; the start is at 0), its height above its
    start (m), cosine and sine of its pitch, six joint angles (rad), the velocities of x and height
    (m/s, clipped to +-10), the angular velocities of the pitch and the joints (rad/s, clipped to
    +-40).
    Action (6,): torques in units of the model's gears.
    Goal: x > 5.
    Start: x, height, pitch and joints uniform within 0.1 of the model's rest position; velocities
    normal with standard deviation 0.1.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__("half_cheetah.xml", FRAME_SKIP, **settings)  # one of Gymnasium's
        speeds = [SPEED_LIMIT] * 2 + [ANGULAR_SPEED_LIMIT] * 7
        places = [POSITION_LIMIT, HEIGHT_LIMIT, 1.0, 1.0] + [JOINT_LIMIT] * 6
        self.bound_observations(np.array(places + speeds))

    def observe(self) -> NDArray[np.float64]:
        x, height, pitch = self.data.qpos[:3]
        torso = [x, height, np.cos(pitch), np.sin(pitch)]
        return np.concatenate([torso, self.data.qpos[3:], self.data.qvel])

    def at_goal(self, observation: NDArray[np.float32]) -> NDArray[np.bool_]:
        beyond: NDArray[np.bool_] = observation[..., 0] > GOAL
        return beyond

    def place(self) -> None:
        noise = self.np_random.uniform(-START_NOISE, START_NOISE, size=self.model.nq)
        speed = START_NOISE * self.np_random.standard_normal(self.model.nv)
        self.start_at(self.init_qpos + noise, self.init_qvel + speed)

    def _initialize_simulation(self) -> tuple[mujoco.MjModel, mujoco.MjData]:
        """Gymnasium's model, with a line painted on the floor at the goal."""
        spec = mujoco.MjSpec.from_file(self.fullpath)
        spec.worldbody.add_site(
            name="goal",
            type=mujoco.mjtGeom.mjGEOM_BOX,
            pos=[float(GOAL), 0.0, 0.0],
            size=[0.05, 2.0, 0.01],
            rgba=[0.2, 0.7, 0.3, 1.0],
        )
        with warnings.catch_warnings():  # the model has an attribute that MuJoCo will remove
            warnings.filterwarnings("ignore", "compiler attribute 'settotalmass'")
            model = spec.compile()
        model.vis.global_.offwidth = max(model.vis.global_.offwidth, self.width)
        model.vis.global_.offheight = max(model.vis.global_.offheight, self.height)
        return model, mujoco.MjData(model)
