"""Coverage of a task without declared coordinates."""

from typing import Any

import numpy as np

from envs import make_vector, task
from envs.principal_components import SEED, principal_projection
from tests.helpers import foreign_environments  # noqa: F401  (registers them)


def test_components_are_those_of_the_correlation_matrix():
    known = task("Swimmer-v5")
    projection = principal_projection(known)
    assert projection is not None
    environment = make_vector(known, [SEED])
    environment.reset()
    generator = np.random.default_rng(SEED)
    actions = generator.uniform(-1, 1, (1000, 1, 2)).astype(np.float32)
    states = np.stack([environment.step(a).next_observation[0] for a in actions]).astype(float)
    found = projection(states)
    # Their variances are the largest eigenvalues of the correlation matrix.
    correlations: Any = np.corrcoef(states.T)
    largest = np.linalg.eigvalsh(correlations)[::-1][:2]
    assert np.allclose(found.var(axis=0), largest, rtol=1e-6)
    assert np.allclose(found.mean(axis=0), 0, atol=1e-9)
    assert abs(np.mean(found[:, 0] * found[:, 1])) < 1e-6
    # Random states lie within the middle third of the grid, and touch its edge.
    share = np.abs(found).max(axis=0) / projection.high
    assert np.allclose(share, 1 / 3)
    cells = projection.cells(states.astype(np.float32))
    assert cells.min() >= 0 and cells.max() < projection.bins


def test_the_same_projection_every_time():
    first, again = (principal_projection.__wrapped__(task("Swimmer-v5")) for _ in range(2))
    assert first is not None and again is not None
    states = np.random.default_rng(0).normal(size=(5, 8))
    assert np.array_equal(first(states), again(states))
    assert first.high == again.high


def test_features_that_never_change_are_left_out():
    """The goal's place changes with the episode alone; the battery's sign is 0 at first."""
    projection = principal_projection(task("DictReach-v0", horizon=2000))
    assert projection is not None
    states = np.zeros((3, 5))
    assert np.isfinite(projection(states)).all()
