"""Mountain car with a third of the motor's power: it has to rock for longer."""

from gymnasium.envs.classic_control.continuous_mountain_car import Continuous_MountainCarEnv

POWER = 0.0005  # of the motor, in position units per step^2; Gymnasium's has 0.0015


class WeakMountainCarEnv(Continuous_MountainCarEnv):
    """Gymnasium's MountainCarContinuous-v0, whose motor has a fifth of the hill's steepest pull.

    The hill pulls with at most 0.0025. Full power in the direction of motion needs about 200 steps
    and several swings to the goal; with Gymnasium's motor it needs about 110.

    Observation (2,): position, velocity (per step).
    Action (1,): the motor's force in units of its power.
    Reward: 100 on the step that reaches the goal, and -0.1 action^2 on every step.
    Goal: position >= 0.45 with velocity >= 0, which terminates the episode.
    Start: at rest, position uniform in [-0.6, -0.4].
    """

    def __init__(self, render_mode: str | None = None) -> None:
        super().__init__(render_mode=render_mode)
        self.power = POWER
