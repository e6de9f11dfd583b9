"""The tasks of the DeepMind Control Suite whose reward is sparse (ids `dm_control/...`).

A simulator step's reward is 0 or 1. Each action lasts two of them, whose rewards are summed, so
that returns are of 1,000 simulator steps, as in the literature. The predicates are those of
dm_control/suite/*.py.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from envs.registry import register
from envs.simulation.control_suite import ACTION_REPEAT, EPISODE, NAMESPACE
from envs.task import Projection, Task, rewarded, select
from envs.termination import never

SOURCE = (
    "MR.Q after 500,000 simulator steps, mean of ten seeds (Fujimoto et al. 2025, "
    "arXiv:2501.16142; results/dmc_results.txt of facebookresearch/MRQ)."
)
PI = float(np.pi)


def _cart_and_pole(observations: NDArray[np.float64]) -> NDArray[np.float64]:
    pole = np.arctan2(observations[..., 2], observations[..., 1])
    return np.stack([observations[..., 0], pole], axis=-1)


def _angle_and_velocity(observations: NDArray[np.float64]) -> NDArray[np.float64]:
    angle = np.arctan2(observations[..., 1], observations[..., 0])
    return np.stack([angle, observations[..., 2]], axis=-1)


def _two_angles(observations: NDArray[np.float64]) -> NDArray[np.float64]:
    """The acrobot's observation begins with the sines of both angles, then their cosines."""
    return np.arctan2(observations[..., 0:2], observations[..., 2:4])


CART = Projection(("cart position (m)", "pole angle (rad)"), (-2, -PI), (2, PI), 24, _cart_and_pole)
PENDULUM = Projection(
    ("angle (rad)", "angular velocity (rad/s)"), (-PI, -10), (PI, 10), 24, _angle_and_velocity
)
ACROBOT = Projection(
    ("upper angle (rad)", "lower angle (rad)"), (-PI, -PI), (PI, PI), 24, _two_angles
)
BALL = Projection(("ball x (m)", "ball z (m)"), (-0.4, -0.5), (0.4, 0.5), 24, select(2, 3))
REACHER = Projection(
    ("target minus finger, x (m)", "target minus finger, y (m)"),
    (-0.4, -0.4),
    (0.4, 0.4),
    24,
    select(2, 3),
)
FINGER = Projection(
    ("proximal angle (rad)", "distal angle (rad)"), (-2.2, -2.2), (2.2, 2.2), 24, select(0, 1)
)


class Declared(NamedTuple):
    """What is declared about one task.

    `goal` ends a sentence. `random_score` and `successes` are of 200 episodes of uniform actions
    (`python -m envs.tools.random_scores --episodes 200`).
    """

    name: str
    goal: str
    projection: Projection
    successes: int
    random_score: float | None
    reference_score: float | None


UPRIGHT = "the cart was within 0.25 m of the middle and the cosine of the pole at least 0.995"
TOUCHED = "the finger, of radius 0.01 m, touched the target, of radius"
TURNED = "the body's tip was in the target, of radius"

TASKS = (
    Declared("cartpole-swingup_sparse", f"{UPRIGHT}; it starts hanging", CART, 0, 0.0, 791.0),
    Declared("cartpole-balance_sparse", f"{UPRIGHT}; it starts there", CART, 200, 38.9, 1000.0),
    Declared(
        "pendulum-swingup",
        "the pendulum was within 8 degrees of upright; it starts at any angle",
        PENDULUM,
        6,
        0.5,
        787.0,
    ),
    Declared("ball_in_cup-catch", "the ball was in the cup", BALL, 14, 28.4, 976.0),
    Declared("reacher-easy", f"{TOUCHED} 0.05 m", REACHER, 116, 46.5, 983.0),
    Declared("reacher-hard", f"{TOUCHED} 0.015 m", REACHER, 63, 7.2, 952.0),
    Declared("finger-spin", "the body turned at -15 rad/s or faster", FINGER, 66, 1.1, 913.0),
    Declared("finger-turn_easy", f"{TURNED} 0.07 m", FINGER, 90, 178.4, 912.0),
    Declared("finger-turn_hard", f"{TURNED} 0.03 m", FINGER, 66, 84.4, 898.0),
    Declared(
        "acrobot-swingup_sparse",
        "the tip was in the target, straight above; both arms start at any angle",
        ACROBOT,
        1,
        None,  # no reference is known, and without one no return is normalised
        None,
    ),
)

for _task in TASKS:
    register(
        Task(
            id=f"{NAMESPACE}{_task.name}-v0",
            horizon=EPISODE // ACTION_REPEAT,
            action_repeat=ACTION_REPEAT,
            sparse=True,
            description=f"Reward 1 for each simulator step after which {_task.goal}; otherwise 0.",
            random_score=_task.random_score,
            reference_score=_task.reference_score,
            reference_source=SOURCE if _task.reference_score is not None else "",
            return_range=(0.0, float(EPISODE)),
            success_description=f"After a step, {_task.goal.partition(';')[0]}.",
            projection=_task.projection,
            terminated=never,
            success=rewarded,
            random_successes=(_task.successes, 200),
        )
    )
