"""Searches for a gait of the half cheetah: `python -m envs.tools.gait_search` writes GAIT_FILE.

It applies the cross-entropy method to open-loop sinusoidal torques. The value of a gait is the mean
x position in the second half of an episode, at most 10 m: the lowest of a few episodes.
"""

import json

import numpy as np
from numpy.typing import NDArray

from envs.tools.controllers import GAIT_FILE, GaitController
from envs.vector import VectorEnvironment, make_vector

TASK = "p2e/SparseHalfCheetah-v0"
JOINTS = 6
GENERATIONS = 30
POPULATION = 48
ELITES = 8
STARTS = 3
KEPT = 0.3  # share of the last generation's mean and deviation
SMALLEST_DEVIATION = 0.02


def worth(environment: VectorEnvironment, gait: NDArray[np.float64]) -> float:
    """The mean x position (m) in the second half of an episode: the lowest of the next episodes."""
    worths = []
    for _ in range(STARTS):
        controller, observation, positions = GaitController(gait), environment.reset(), []
        for _ in range(environment.horizon):
            step = environment.step(controller(observation[0])[None].astype(np.float32))
            observation = step.observation
            positions.append(step.next_observation[0, 0])
        worths.append(np.mean(positions[len(positions) // 2 :]))
    return float(min(worths))


def search(seed: int) -> NDArray[np.float64]:
    """The mean of the last generation, (1 + 3 * JOINTS,)."""
    generator = np.random.default_rng(seed)
    environment = make_vector(TASK, [seed])
    mean = np.concatenate([[np.log(2.0)], np.full(JOINTS, 0.7), np.zeros(2 * JOINTS)])
    spread = np.concatenate([[0.4], *(np.full(JOINTS, width) for width in (0.5, 2.0, 0.3))])
    for generation in range(GENERATIONS):
        gaits = mean + spread * generator.standard_normal((POPULATION, mean.size))
        worths = np.array([worth(environment, gait) for gait in gaits])
        best = gaits[np.argsort(worths)[-ELITES:]]
        mean = KEPT * mean + (1 - KEPT) * best.mean(axis=0)
        spread = KEPT * spread + (1 - KEPT) * best.std(axis=0) + SMALLEST_DEVIATION
        print(f"generation {generation}: best {worths.max():.2f} m, mean {worths.mean():.2f} m")
    environment.close()
    return mean


def main() -> None:
    gait = search(seed=100)
    found = {
        "found by": "python -m envs.tools.gait_search",
        "gait": [round(g, 4) for g in gait.tolist()],
    }
    GAIT_FILE.write_text(json.dumps(found) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
