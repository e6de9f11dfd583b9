"""A controller for each sparse task, which shows that the goal can be reached.

The controllers use what the algorithms have to learn: the equations, the maze, the arm's geometry,
a gait. `envs.tools.reference_scores` measures their scores.
"""

import json
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from envs.sparse import ASSETS

Controller = Callable[[NDArray[np.float32]], NDArray[np.float64]]  # observation (O,) -> action (A,)

GAIT_FILE = ASSETS / "half_cheetah_gait.json"
STEP = 0.05  # s
GRAVITY = 9.81  # m/s^2


class WaypointController:
    """Moves to each waypoint (W, 2) in turn, with damping by its velocity."""

    def __init__(self, waypoints: list[tuple[float, float]]) -> None:
        self.waypoints = np.array(waypoints)
        self.next = 0

    def __call__(self, observation: NDArray[np.float32]) -> NDArray[np.float64]:
        position, velocity = observation[:2], observation[2:]
        passed = np.linalg.norm(position - self.waypoints[self.next]) < 0.4
        if passed and self.next < len(self.waypoints) - 1:
            self.next += 1
        action: NDArray[np.float64] = 4 * (self.waypoints[self.next] - position) - velocity
        return action.clip(-1, 1)


def maze() -> Controller:
    """Along the U-shaped corridor."""
    return WaypointController([(1.5, -0.65), (1.5, 0.65), (-1.6, 0.65)])


def medium_maze() -> Controller:
    """Along the only path that leads to the goal."""
    first = [(-1.8, 1.2), (-0.6, 1.2), (-0.6, -1.2), (0.6, -1.2), (0.6, 1.2)]
    return WaypointController([*first, (1.8, 1.2)])


def large_maze() -> Controller:
    """Along the only path that leads to the goal."""
    first = [(0.0, -2.4), (0.0, 0.0), (-2.4, 0.0), (-2.4, 2.4), (1.2, 2.4)]
    return WaypointController(
        [*first, (1.2, 1.2), (2.4, 1.2), (2.4, -1.2), (3.6, -1.2), (3.6, -2.4)]
    )


def mountain_car() -> Controller:
    """Pushes in the direction of motion."""
    return lambda observation: np.array([1.0 if observation[1] >= 0 else -1.0])


def pendulum() -> Controller:
    """Pumps energy until near upright, then holds with a linear controller."""

    def control(observation: NDArray[np.float32]) -> NDArray[np.float64]:
        cosine, sine, velocity = (float(value) for value in observation)
        angle = np.arctan2(sine, cosine)
        if abs(9.0 * angle + 2.0 * velocity) < 1.0 and abs(angle) < 0.5:
            return np.array([-9.0 * angle - 2.0 * velocity])
        missing = 2 * GRAVITY / 0.5 * (1 - cosine) - velocity**2  # 0: it would just reach upright
        return np.array([np.sign(velocity) * missing]).clip(-1, 1)

    return control


def cart_pole() -> Controller:
    """Energy shaping (Astrom and Furuta, 2000) until upright, then a linear regulator."""
    # The discrete linear-quadratic regulator of the linearised model, with the costs 1, 1, 0.1 and
    # 0.1 of the state and 0.1 of the action.
    gains = np.array([2.09, 13.2, 2.35, 3.42])

    def control(observation: NDArray[np.float32]) -> NDArray[np.float64]:
        position, cosine, sine, speed, spin = (float(value) for value in observation)
        angle = np.arctan2(sine, cosine)
        if cosine > 0.9 and abs(spin) < 3:
            return np.array([gains @ [position, angle, speed, spin]]).clip(-1, 1)
        energy = 0.0172 * spin**2 + 0.1 * GRAVITY * 0.5 * (cosine - 1)  # J; 0 at rest upright
        return np.array([10 * energy * spin * cosine - position - 0.3 * speed]).clip(-1, 1)

    return control


def reacher() -> Controller:
    """Turns both joints to the angles that inverse kinematics gives for the target."""

    def control(observation: NDArray[np.float32]) -> NDArray[np.float64]:
        joints = np.arctan2(observation[[1, 3]], observation[[0, 2]])
        x, y = (float(value) for value in observation[6:8])
        elbow = 2 * np.arccos(min(1.0, np.hypot(x, y)))  # two links of half a metre
        wanted = np.array([np.arctan2(y, x) - elbow / 2, elbow])
        turn = wanted - joints
        turn[0] = (turn[0] + np.pi) % (2 * np.pi) - np.pi
        action: NDArray[np.float64] = (5 * turn - observation[4:6]).clip(-1, 1)
        return action

    return control


class GaitController:
    """Open-loop sinusoidal torques: offset + amplitude * sin(2 pi f t + phase)."""

    def __init__(self, gait: NDArray[np.float64]) -> None:
        """gait: (1 + 3 A,): logarithm of f (1/s), then amplitudes, phases and offsets, (A,)."""
        self.frequency = float(np.exp(gait[0]))
        self.amplitude, self.phase, self.offset = gait[1:].reshape(3, -1)
        self.time = 0.0

    def __call__(self, observation: NDArray[np.float32]) -> NDArray[np.float64]:
        angle = 2 * np.pi * self.frequency * self.time + self.phase
        self.time += STEP
        action: NDArray[np.float64] = self.offset + self.amplitude * np.sin(angle)
        return action.clip(-1, 1)


def half_cheetah() -> Controller:
    """A gait that `envs.tools.gait_search` found."""
    return GaitController(np.array(json.loads(GAIT_FILE.read_text(encoding="utf-8"))["gait"]))


# A function makes a new controller for each episode.
CONTROLLERS: dict[str, Callable[[], Controller]] = {
    "MountainCarContinuous-v0": mountain_car,
    "p2e/CartPoleSwingupSparse-v0": cart_pole,
    "p2e/PendulumSwingup-v0": pendulum,
    "p2e/PointMaze-v0": maze,
    "p2e/PointMazeLarge-v0": large_maze,
    "p2e/PointMazeMedium-v0": medium_maze,
    "p2e/SparseHalfCheetah-v0": half_cheetah,
    "p2e/SparseReacher-v0": reacher,
    "p2e/WeakMountainCar-v0": mountain_car,
}
