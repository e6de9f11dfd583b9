"""HalfCheetah-v5 of gymnasium: run forwards; dense reward."""

import numpy as np
from numpy.typing import NDArray

from envs.registry import register
from envs.task import Projection, Task
from envs.termination import never


def _height_and_pitch(observations: NDArray[np.float64]) -> NDArray[np.float64]:
    """Observations do not contain x. The pitch is not bounded, so it is wrapped."""
    pitch = (observations[..., 1] + np.pi) % (2 * np.pi) - np.pi
    return np.stack([observations[..., 0], pitch], axis=-1)


register(
    Task(
        id="HalfCheetah-v5",
        horizon=1000,
        sparse=False,
        description=(
            "Reward x_velocity - 0.1 |action|^2 per step; x_velocity (m/s) is averaged over the "
            "step."
        ),
        random_score=-282.1,  # measured: mean of 500 episodes, python -m envs.tools.random_scores
        reference_score=5794.0,
        reference_source=(
            "SAC after 100,000 steps on the v2 task, mean of 10 seeds (5794 +- 461)."
        ),
        success_description="none declared",
        projection=Projection(
            labels=("torso height above its start (m)", "torso pitch (rad)"),
            low=(-0.7, -np.pi),
            high=(0.7, np.pi),
            bins=24,
            coordinates=_height_and_pitch,
        ),
        terminated=never,
    )
)
