"""p2e/SparseReacher-v0: bring a fingertip to a target behind the arm; sparse reward."""

import gymnasium
import numpy as np
from numpy.typing import NDArray

from envs.registry import register
from envs.task import Projection, Task, rewarded
from envs.termination import never

HORIZON = 200


def _fingertip(observations: NDArray[np.float64]) -> NDArray[np.float64]:
    return observations[..., 6:8] - observations[..., 8:10]


gymnasium.register(
    id="p2e/SparseReacher-v0",
    entry_point="envs.sparse_reacher:SparseReacherEnv",
    max_episode_steps=HORIZON,
)
register(
    Task(
        id="p2e/SparseReacher-v0",
        horizon=HORIZON,
        sparse=True,
        description=(
            "Reward 1 on every step that ends with the fingertip at most 0.1 m from the target "
            "(target minus fingertip: observations 8 and 9), otherwise 0; the arm of 1 m starts "
            "stretched out along +x; in each episode the target is at a random place within 0.5 "
            "rad of -x, 0.5 to 0.9 m from the shoulder. 10 s in steps of 0.05 s."
        ),
        random_score=0.0,  # measured: mean of 500 episodes, python -m envs.tools.random_scores
        reference_score=162.3,
        reference_source=(
            "Mean return of 200 episodes of inverse kinematics with a proportional controller "
            "(python -m envs.tools.reference_scores)."
        ),
        return_range=(0.0, float(HORIZON)),
        success_description="The fingertip was at most 0.1 m from the target after a step.",
        projection=Projection(
            labels=("fingertip x (m)", "fingertip y (m)"),
            low=(-1.0, -1.0),
            high=(1.0, 1.0),
            bins=24,
            coordinates=_fingertip,
        ),
        terminated=never,
        success=rewarded,
        random_successes=(0, 4000),
    )
)
