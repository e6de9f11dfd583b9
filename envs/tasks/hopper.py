"""Hopper-v5 of gymnasium: hop forwards without falling; dense reward."""

from envs.registry import register
from envs.task import Projection, Task, select
from envs.termination import hopper

register(
    Task(
        id="Hopper-v5",
        horizon=1000,
        sparse=False,
        description=(
            "Reward x_velocity + 1 if healthy - 0.001 |action|^2 per step; x_velocity (m/s) is "
            "averaged over the step. Terminated when unhealthy: height <= 0.7 m, |torso angle| >= "
            "0.2 rad, or any joint angle or velocity at or beyond 100."
        ),
        random_score=17.9,  # measured: mean of 500 episodes, python -m envs.tools.random_scores
        reference_score=3000.0,
        reference_source=(
            "Between SAC after 300,000 steps (2849 +- 688, v2 task, 10 seeds) and MBPO after "
            "75,000 (about 3100)."
        ),
        success_description="none declared",
        projection=Projection(
            labels=("torso height (m)", "torso angle (rad)"),
            low=(0.7, -0.2),
            high=(1.7, 0.2),
            bins=24,
            coordinates=select(0, 1),
        ),
        terminated=hopper,
    )
)
