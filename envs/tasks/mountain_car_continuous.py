"""MountainCarContinuous-v0 of gymnasium: rock a weak car out of a valley; sparse in effect."""

import numpy as np
from numpy.typing import NDArray

from envs.registry import register
from envs.task import Projection, Task, select
from envs.termination import mountain_car


def at_goal(
    next_observation: NDArray[np.float32],
    reward: NDArray[np.float32],
    terminated: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    return terminated


register(
    Task(
        id="MountainCarContinuous-v0",
        horizon=999,
        sparse=True,
        description=(
            "Reward 100 on the step that reaches position >= 0.45 (observation 0) with velocity "
            ">= 0 (observation 1), which terminates the episode, and -0.1 action^2 on every step."
        ),
        random_score=-32.9,  # measured: mean of 500 episodes, python -m envs.tools.random_scores
        idle_score=0.0,  # measured: the same with --idle
        reference_score=94.0,
        reference_source="Tuned SAC after 50,000 steps (94.7), rounded down.",
        return_range=(-99.9, 100.0),
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
        random_successes=(4, 1000),
    )
)
