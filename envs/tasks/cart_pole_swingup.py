"""p2e/CartPoleSwingupSparse-v0: swing a pole up and balance it in the middle; sparse reward."""

import gymnasium
import numpy as np
from numpy.typing import NDArray

from envs.registry import register
from envs.task import Projection, Task, rewarded
from envs.termination import never

HORIZON = 200


def _position_and_angle(observations: NDArray[np.float64]) -> NDArray[np.float64]:
    """From (position, cos, sin, ...); the angle is 0 upright."""
    angle = np.arctan2(observations[..., 2], observations[..., 1])
    return np.stack([observations[..., 0], angle], axis=-1)


gymnasium.register(
    id="p2e/CartPoleSwingupSparse-v0",
    entry_point="envs.cart_pole_swingup:CartPoleSwingupEnv",
    max_episode_steps=HORIZON,
)
register(
    Task(
        id="p2e/CartPoleSwingupSparse-v0",
        horizon=HORIZON,
        sparse=True,
        description=(
            "Reward 1 on every step that ends with the cart near the middle, |x| <= 0.25 m "
            "(observation 0), and the pole within 5.7 degrees of upright, cosine >= 0.995 "
            "(observation 1), otherwise 0; the pole starts hanging. 10 s in steps of 0.05 s."
        ),
        random_score=0.0,  # measured: mean of 500 episodes, python -m envs.tools.random_scores
        reference_score=137.7,
        reference_source=(
            "Mean return of 200 episodes of energy shaping with a linear regulator (python -m "
            "envs.tools.reference_scores)."
        ),
        return_range=(0.0, float(HORIZON)),
        success_description=(
            "After a step the cart was within 0.25 m of the middle and the pole was upright "
            "(cosine >= 0.995)."
        ),
        projection=Projection(
            labels=("cart position (m)", "pole angle (rad)"),
            low=(-1.9, -np.pi),
            high=(1.9, np.pi),
            bins=24,
            coordinates=_position_and_angle,
        ),
        terminated=never,
        success=rewarded,
        random_successes=(0, 2000),
    )
)
