"""p2e/SparseHalfCheetah-v0: run 5 m forwards; sparse reward."""

import gymnasium
import numpy as np
from numpy.typing import NDArray

from envs.registry import register
from envs.task import Projection, Task, rewarded
from envs.termination import never

HORIZON = 200


def _position_and_pitch(observations: NDArray[np.float64]) -> NDArray[np.float64]:
    pitch = np.arctan2(observations[..., 3], observations[..., 2])
    return np.stack([observations[..., 0], pitch], axis=-1)


gymnasium.register(
    id="p2e/SparseHalfCheetah-v0",
    entry_point="envs.sparse_half_cheetah:SparseHalfCheetahEnv",
    max_episode_steps=HORIZON,
)
register(
    Task(
        id="p2e/SparseHalfCheetah-v0",
        horizon=HORIZON,
        sparse=True,
        description=(
            "Reward 1 on every step that ends with the torso at x > 5 m (observation 0), otherwise "
            "0; the torso starts near x = 0. The model and the actions are HalfCheetah-v5's; there "
            "is no control cost. 10 s in steps of 0.05 s."
        ),
        random_score=0.0,  # measured: mean of 500 episodes, python -m envs.tools.random_scores
        reference_score=148.9,
        reference_source=(
            "Mean return of 200 episodes of a gait of sinusoidal torques (python -m "
            "envs.tools.reference_scores) that a cross-entropy search found (python -m "
            "envs.tools.gait_search)."
        ),
        return_range=(0.0, float(HORIZON)),
        success_description="The torso was beyond x = 5 m after a step.",
        projection=Projection(
            labels=("torso position (m)", "torso pitch (rad)"),
            low=(-10.0, -np.pi),
            high=(10.0, np.pi),
            bins=24,
            coordinates=_position_and_pitch,
        ),
        terminated=never,
        success=rewarded,
        random_successes=(0, 2000),
    )
)
