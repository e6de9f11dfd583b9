"""Humanoid-v5 of gymnasium: walk forwards on two legs without falling; dense reward."""

from envs.registry import register
from envs.task import Projection, Task, select
from envs.termination import humanoid

register(
    Task(
        id="Humanoid-v5",
        horizon=1000,
        sparse=False,
        description=(
            "Reward 1.25 x_velocity + 5 if healthy - 0.1 |torque command|^2 - contact cost per "
            "step. x_velocity (m/s) is that of the centre of mass, averaged over the step; torque "
            "commands are within +-0.4; the contact cost is 5e-7 |contact forces|^2, at most 10. "
            "Terminated when unhealthy: torso height outside (1, 2) m."
        ),
        random_score=113.1,  # measured: mean of 500 episodes, python -m envs.tools.random_scores
        reference_score=5488.0,
        reference_source=(
            "SAC's best evaluation within a million steps on the v3 task, mean of 10 seeds in "
            "Tianshou's benchmark (5488.5 +- 81.2)."
        ),
        success_description="none declared",
        projection=Projection(
            labels=("torso height (m)", "forward velocity (m/s)"),
            low=(1.0, -2.0),
            high=(1.6, 4.0),
            bins=24,
            coordinates=select(0, 22),
        ),
        terminated=humanoid,
    )
)
