"""p2e/PendulumSwingup-v0: swing a hanging pendulum up and hold it; sparse reward."""

import gymnasium
import numpy as np

from envs.registry import register
from envs.task import Projection, Task, rewarded
from envs.tasks.pendulum import angle_and_speed
from envs.termination import never

HORIZON = 400


gymnasium.register(
    id="p2e/PendulumSwingup-v0",
    entry_point="envs.pendulum_swingup:PendulumSwingupEnv",
    max_episode_steps=HORIZON,
)
register(
    Task(
        id="p2e/PendulumSwingup-v0",
        horizon=HORIZON,
        sparse=True,
        description=(
            "Reward 1 on every step that ends within 8 degrees of upright (cosine, observation 0, "
            ">= cos 8 degrees), otherwise 0; the pendulum starts hanging, and the motor has a "
            "fifth of the torque that would lift it directly. 20 s in steps of 0.05 s."
        ),
        random_score=0.0,  # measured: mean of 500 episodes, python -m envs.tools.random_scores
        reference_score=261.8,
        reference_source=(
            "Mean return of 200 episodes of a controller that pumps energy, then holds (python -m "
            "envs.tools.reference_scores)."
        ),
        return_range=(0.0, float(HORIZON)),
        success_description="The pendulum was within 8 degrees of upright after a step.",
        projection=Projection(
            labels=("angle (rad)", "angular velocity (rad/s)"),
            low=(-np.pi, -10.0),
            high=(np.pi, 10.0),
            bins=24,
            coordinates=angle_and_speed,
        ),
        terminated=never,
        success=rewarded,
        random_successes=(0, 5000),
    )
)
