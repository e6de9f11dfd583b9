"""Coverage of a task for which nobody declared coordinates: two principal components."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from envs.task import Projection, Task
from envs.vector import make_vector

STEPS = 1000  # random actions, as many as a warm-up has
SEED = 0  # the same for every run, so that all runs of a task are counted on one grid
BINS = 24
REACH = 3.0  # half the width of the grid, in units of the random states' largest coordinate


@cache
def principal_projection(task: Task) -> Projection | None:
    """The first two principal components of the states that random actions reach.

    Features are in units of their standard deviations; those that do not change are left out. The
    grid is three times as wide as what random actions reach, centred on their mean state. None
    where fewer than two features change.
    """
    states = random_states(task, STEPS)
    mean, deviation = states.mean(axis=0), states.std(axis=0)
    changing = np.flatnonzero(deviation > 1e-6 * (1 + np.abs(mean)))
    if len(changing) < 2:
        return None
    mean, deviation = mean[changing], deviation[changing]
    standardised = (states[:, changing] - mean) / deviation
    _, _, rows = np.linalg.svd(standardised, full_matrices=False)
    axes = rows[:2]
    # The sign of a component is arbitrary: its largest entry becomes positive.
    axes = axes * np.sign(axes[[0, 1], np.abs(axes).argmax(axis=1)])[:, None]

    def coordinates(observations: NDArray[np.float64]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = (observations[..., changing] - mean) / deviation @ axes.T
        return found

    first, second = REACH * np.abs(coordinates(states)).max(axis=0)
    return Projection(
        labels=("principal component 1", "principal component 2"),
        low=(-float(first), -float(second)),
        high=(float(first), float(second)),
        bins=BINS,
        coordinates=coordinates,
    )


def random_states(task: Task, steps: int) -> NDArray[np.float64]:
    """The observations (steps, O) after uniform random actions, the same every time."""
    environment = make_vector(task, [SEED])
    generator = np.random.default_rng(SEED)
    environment.reset()
    shape = (steps, 1, environment.action_size)
    actions = generator.uniform(-1, 1, shape).astype(np.float32)
    states = np.stack([environment.step(action).next_observation[0] for action in actions])
    environment.close()
    return states.astype(np.float64)
