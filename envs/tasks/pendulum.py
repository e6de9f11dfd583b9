"""Pendulum-v1 of gymnasium: swing a pendulum up and hold it; dense reward."""

import numpy as np
from numpy.typing import NDArray

from envs.registry import register
from envs.task import Projection, Task
from envs.termination import never

UPRIGHT = float(np.cos(np.deg2rad(8.0)))
SLOW = 0.1  # rad/s; with 1.0 one random episode in seven would succeed because of its start


def angle_and_speed(observations: NDArray[np.float64]) -> NDArray[np.float64]:
    """From (cos, sin, angular velocity); the angle is 0 upright."""
    angle = np.arctan2(observations[..., 1], observations[..., 0])
    return np.stack([angle, observations[..., 2]], axis=-1)


def _upright(
    next_observation: NDArray[np.float32],
    reward: NDArray[np.float32],
    terminated: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    return (next_observation[:, 0] >= UPRIGHT) & (np.abs(next_observation[:, 2]) <= SLOW)


register(
    Task(
        id="Pendulum-v1",
        horizon=200,
        sparse=False,
        description=(
            "Reward -(angle^2 + 0.1 angular_velocity^2 + 0.001 torque^2) per step, with the angle "
            "(0 upright, wrapped to [-pi, pi]) and velocity before the step."
        ),
        random_score=-1237.0,  # measured: mean of 500 episodes, python -m envs.tools.random_scores
        reference_score=-150.0,
        reference_source=(
            "Typical mean return of a trained SAC policy; the return depends on the random start."
        ),
        success_description=(
            "After a step the pendulum was within 8 degrees of upright (cos >= cos 8 degrees, "
            "observation 0) at no more than 0.1 rad/s (observation 2)."
        ),
        projection=Projection(
            labels=("angle (rad)", "angular velocity (rad/s)"),
            low=(-np.pi, -8.0),
            high=(np.pi, 8.0),
            bins=24,
            coordinates=angle_and_speed,
        ),
        terminated=never,
        success=_upright,
    )
)
