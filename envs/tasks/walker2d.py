"""Walker2d-v5 of gymnasium: walk forwards without falling; dense reward."""

from envs.registry import register
from envs.task import Projection, Task, select
from envs.termination import walker

register(
    Task(
        id="Walker2d-v5",
        horizon=1000,
        sparse=False,
        description=(
            "Reward x_velocity + 1 if healthy - 0.001 |action|^2 per step; x_velocity (m/s) is "
            "averaged over the step. Terminated when unhealthy: height outside (0.8, 2) m or "
            "|torso angle| >= 1 rad."
        ),
        random_score=2.0,  # measured: mean of 500 episodes, python -m envs.tools.random_scores
        reference_score=4500.0,
        reference_source="MBPO after 300,000 steps on the v2 task (about 4500).",
        success_description="none declared",
        projection=Projection(
            labels=("torso height (m)", "torso angle (rad)"),
            low=(0.8, -1.0),
            high=(1.8, 1.0),
            bins=24,
            coordinates=select(0, 1),
        ),
        terminated=walker,
    )
)
