"""p2e/WeakMountainCar-v0: rock a car with a third of the power out of the valley."""

import gymnasium

from envs.registry import register
from envs.task import Projection, Task, select
from envs.tasks.mountain_car_continuous import at_goal
from envs.termination import mountain_car

HORIZON = 400

gymnasium.register(
    id="p2e/WeakMountainCar-v0",
    entry_point="envs.weak_mountain_car:WeakMountainCarEnv",
    max_episode_steps=HORIZON,
)
register(
    Task(
        id="p2e/WeakMountainCar-v0",
        horizon=HORIZON,
        sparse=True,
        description=(
            "MountainCarContinuous-v0 with a third of the motor's power. Reward 100 on the step "
            "that reaches position >= 0.45 (observation 0) with velocity >= 0 (observation 1), "
            "which terminates the episode, and -0.1 action^2 on every step: a price on actions."
        ),
        random_score=-13.4,  # measured: mean of 500 episodes, python -m envs.tools.random_scores
        idle_score=0.0,  # measured: the same with --idle
        reference_score=80.4,
        reference_source=(
            "Mean return of 200 episodes of full power in the direction of motion (python -m "
            "envs.tools.reference_scores)."
        ),
        return_range=(-0.1 * HORIZON, 100.0),
        success_description="The goal was reached: position >= 0.45 with velocity >= 0.",
        projection=Projection(
            labels=("position", "velocity"),
            low=(-1.2, -0.07),
            high=(0.6, 0.07),
            bins=24,
            coordinates=select(0, 1),
        ),
        terminated=mountain_car,
        success=at_goal,
        random_successes=(0, 1000),
    )
)
