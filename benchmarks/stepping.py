"""The time of an environment step: MuJoCo alone, gymnasium, and our vectorised environment.

Every round measures all of them, one after the other. Prints medians over the rounds, in
microseconds per step of one environment. Gymnasium's and ours are reset when an episode ends, as in
training.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import gymnasium
import mujoco
import numpy as np
from gymnasium.envs.mujoco import MujocoEnv

from envs import make_vector

Stepper = Callable[[], None]  # one step
ACTIONS = 512  # random actions, used repeatedly
TASKS = (
    "HalfCheetah-v5,Hopper-v5,Humanoid-v5,Walker2d-v5,Pendulum-v1,p2e/CartPoleSwingupSparse-v0,"
    "p2e/PendulumSwingup-v0,p2e/PointMaze-v0,p2e/PointMazeLarge-v0,p2e/SparseHalfCheetah-v0,"
    "p2e/SparseReacher-v0"
)


def physics(task: str) -> Stepper | None:
    """`mj_step` alone, with the task's action repeat; None for tasks without MuJoCo."""
    environment = gymnasium.make(task).unwrapped
    if not isinstance(environment, MujocoEnv):
        return None
    environment.reset(seed=0)
    model, data, frames = environment.model, environment.data, environment.frame_skip
    actions = random_actions(environment.action_space)
    count = iter(range(10**12))

    def step() -> None:
        data.ctrl[:] = actions[next(count) % ACTIONS]
        mujoco.mj_step(model, data, nstep=frames)

    return step


def of_gymnasium(task: str) -> Stepper:
    """gymnasium.make, with the wrappers that it adds."""
    environment = gymnasium.make(task)
    environment.reset(seed=0)
    actions = random_actions(environment.action_space)
    count = iter(range(10**12))

    def step() -> None:
        _, _, terminated, truncated, _ = environment.step(actions[next(count) % ACTIONS])
        if terminated or truncated:
            environment.reset()

    return step


def of_ours(task: str, rows: int) -> Stepper:
    """Our vectorised environment; one step of every row."""
    environment = make_vector(task, list(range(rows)))
    environment.reset()
    random = np.random.default_rng(0)
    shape = (ACTIONS, rows, environment.action_size)
    actions = random.uniform(-1, 1, shape).astype(np.float32)
    count = iter(range(10**12))

    def step() -> None:
        environment.step(actions[next(count) % ACTIONS])

    return step


def random_actions(space: gymnasium.Space[np.ndarray]) -> list[np.ndarray]:
    space.seed(0)
    return [space.sample() for _ in range(ACTIONS)]


def compare(task: str, rounds: int, steps: int) -> dict[str, float]:
    """Name -> median microseconds per step of one environment."""
    steppers = {
        "mj_step alone": (physics(task), 1),
        "gymnasium.make": (of_gymnasium(task), 1),
        "ours, 1 row": (of_ours(task, 1), 1),
        "ours, 10 rows": (of_ours(task, 10), 10),
    }
    seconds: dict[str, list[float]] = {name: [] for name, (step, _) in steppers.items() if step}
    for _ in range(rounds):
        for name, (step, rows) in steppers.items():
            if step is None:
                continue
            start = time.perf_counter()
            for _ in range(steps // rows):
                step()
            seconds[name].append((time.perf_counter() - start) / (steps // rows * rows))
    return {name: round(1e6 * statistics.median(each), 1) for name, each in seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", default=TASKS)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=3000, help="steps in a round")
    options = parser.parse_args()
    for task in options.tasks.split(","):
        print(json.dumps({"task": task} | compare(task, options.rounds, options.steps)))


if __name__ == "__main__":
    main()
