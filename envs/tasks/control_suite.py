"""The tasks of the DeepMind Control Suite whose reward is sparse (ids `dm_control/...`).

A simulator step's reward is 0 or 1. Each action lasts two of them, whose rewards are summed, so
that returns are of 1,000 simulator steps, as in the literature. The predicates are those of
dm_control/suite/*.py.
"""

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

# The task, its goal, the reference score (none is known for the acrobot), the random score.
TASKS: tuple[tuple[str, str, float | None, float | None, Projection], ...] = (
    (
        "cartpole-swingup_sparse",
        "the cart was within 0.25 m of the middle and the cosine of the pole at least 0.995; the "
        "pole starts hanging",
        791.0,
        0.0,
        CART,
    ),
    (
        "cartpole-balance_sparse",
        "the cart was within 0.25 m of the middle and the cosine of the pole at least 0.995; the "
        "pole starts upright",
        1000.0,
        0.0,
        CART,
    ),
    (
        "pendulum-swingup",
        "the pendulum was within 8 degrees of upright; it starts at any angle",
        787.0,
        0.0,
        PENDULUM,
    ),
    ("ball_in_cup-catch", "the ball was in the cup", 976.0, 0.0, BALL),
    (
        "reacher-easy",
        "the finger, of radius 0.01 m, touched the target, of radius 0.05 m",
        983.0,
        0.0,
        REACHER,
    ),
    (
        "reacher-hard",
        "the finger, of radius 0.01 m, touched the target, of radius 0.015 m",
        952.0,
        0.0,
        REACHER,
    ),
    (
        "finger-spin",
        "the body turned at 15 rad/s or more in the negative direction",
        913.0,
        0.0,
        FINGER,
    ),
    ("finger-turn_easy", "the body's tip was in the target, of radius 0.07 m", 912.0, 0.0, FINGER),
    ("finger-turn_hard", "the body's tip was in the target, of radius 0.03 m", 898.0, 0.0, FINGER),
    (
        "acrobot-swingup_sparse",
        "the tip was in the target, straight above; both arms start at any angle",
        None,
        None,
        ACROBOT,
    ),
)

for _name, _goal, _reference, _random, _projection in TASKS:
    register(
        Task(
            id=f"{NAMESPACE}{_name}-v0",
            horizon=EPISODE // ACTION_REPEAT,
            action_repeat=ACTION_REPEAT,
            sparse=True,
            description=f"Reward 1 for each simulator step after which {_goal}; otherwise 0.",
            random_score=_random,
            reference_score=_reference,
            reference_source=SOURCE if _reference is not None else "",
            success_description=f"After a step, {_goal.partition(';')[0]}.",
            projection=_projection,
            terminated=never,
            success=rewarded,
        )
    )
