"""The simulators' termination rules as batched torch functions, for use inside learned models.

Each takes observations (..., O), actions (..., A) and next observations (..., O) and returns
(...,) bool. Only the next observation decides in all of them.
"""

import torch

# Defaults of gymnasium's Hopper-v5 (gymnasium/envs/mujoco/hopper_v5.py); all bounds are exclusive.
HOPPER_HEALTHY_STATE = 100.0
HOPPER_HEALTHY_HEIGHT = 0.7
HOPPER_HEALTHY_ANGLE = 0.2

# Defaults of gymnasium's Walker2d-v5 and Humanoid-v5; all bounds are exclusive.
WALKER_HEALTHY_HEIGHTS = (0.8, 2.0)
WALKER_HEALTHY_ANGLE = 1.0
HUMANOID_HEALTHY_HEIGHTS = (1.0, 2.0)

# gymnasium/envs/mujoco/inverted_pendulum_v5.py
INVERTED_PENDULUM_LARGEST_ANGLE = 0.2

# gymnasium/envs/classic_control/continuous_mountain_car.py
MOUNTAIN_CAR_GOAL_POSITION = 0.45
MOUNTAIN_CAR_GOAL_VELOCITY = 0.0


def never(
    observation: torch.Tensor, action: torch.Tensor, next_observation: torch.Tensor
) -> torch.Tensor:
    """For tasks whose episodes are truncated but never terminated."""
    shape = next_observation.shape[:-1]
    return torch.zeros(shape, dtype=torch.bool, device=next_observation.device)


def hopper(
    observation: torch.Tensor, action: torch.Tensor, next_observation: torch.Tensor
) -> torch.Tensor:
    """Hopper-v5: ends when height, angle or any other state leaves its healthy range.

    Observation: height (m), torso angle (rad), three joint angles, six velocities. Gymnasium
    checks its `state[2:]`, which is everything here but the height. NaN is unhealthy.
    The simulator checks velocities before it clips them to [-10, 10] for the observation, so this
    function cannot see a velocity beyond 100; random actions stay below 20.
    """
    height, angle = next_observation[..., 0], next_observation[..., 1]
    state = next_observation[..., 1:]
    healthy = (
        (state.abs() < HOPPER_HEALTHY_STATE).all(dim=-1)
        & (height > HOPPER_HEALTHY_HEIGHT)
        & (height < torch.inf)
        & (angle.abs() < HOPPER_HEALTHY_ANGLE)
    )
    return ~healthy


def walker(
    observation: torch.Tensor, action: torch.Tensor, next_observation: torch.Tensor
) -> torch.Tensor:
    """Walker2d-v5: ends when it falls or leans. Observation: height (m), torso angle (rad), ..."""
    height, angle = next_observation[..., 0], next_observation[..., 1]
    lowest, highest = WALKER_HEALTHY_HEIGHTS
    return ~((height > lowest) & (height < highest) & (angle.abs() < WALKER_HEALTHY_ANGLE))


def humanoid(
    observation: torch.Tensor, action: torch.Tensor, next_observation: torch.Tensor
) -> torch.Tensor:
    """Humanoid-v5: ends when the torso is too low or too high. Observation: height (m), ..."""
    height = next_observation[..., 0]
    lowest, highest = HUMANOID_HEALTHY_HEIGHTS
    return ~((height > lowest) & (height < highest))


def inverted_pendulum(
    observation: torch.Tensor, action: torch.Tensor, next_observation: torch.Tensor
) -> torch.Tensor:
    """InvertedPendulum-v5: ends when the pole leans too far. Observation: cart position (m), pole
    angle (rad), their velocities."""
    upright = next_observation[..., 1].abs() <= INVERTED_PENDULUM_LARGEST_ANGLE
    return ~(upright & next_observation.isfinite().all(dim=-1))


def mountain_car(
    observation: torch.Tensor, action: torch.Tensor, next_observation: torch.Tensor
) -> torch.Tensor:
    """MountainCarContinuous-v0: ends at the goal. Observation: position, velocity."""
    position, velocity = next_observation[..., 0], next_observation[..., 1]
    return (position >= MOUNTAIN_CAR_GOAL_POSITION) & (velocity >= MOUNTAIN_CAR_GOAL_VELOCITY)
