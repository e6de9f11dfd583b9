"""The spread of observations is that of all data, in whatever order they are read."""

import io

import numpy as np
import pytest
import torch

from p2e.loop.open_loop import ObservedSpread


def seen(observations: np.ndarray) -> ObservedSpread:
    spread = ObservedSpread(observations.shape[1], observations.shape[2])
    for observation in observations:
        spread.see(observation)
    return spread


def test_it_is_the_standard_deviation_of_everything_seen() -> None:
    random = np.random.default_rng(0)
    scales = np.array([1e-3, 1.0, 50.0])
    observations = (random.normal(size=(500, 2, 3)) * scales + 10).astype(np.float32)
    expected = observations.astype(np.float64).std(axis=0)
    np.testing.assert_allclose(seen(observations).deviation, expected, rtol=1e-6)


def test_what_never_changes_has_no_spread_at_all() -> None:
    assert not ObservedSpread(1, 2).deviation.any()
    constant = np.full((1000, 1, 2), 0.1, dtype=np.float32)
    assert not seen(constant[:1]).deviation.any()
    assert not seen(constant).deviation.any()


def test_a_restored_spread_goes_on_and_is_a_copy() -> None:
    observations = np.random.default_rng(1).normal(size=(40, 2, 3)).astype(np.float32)
    spread = seen(observations[:20])
    file = io.BytesIO()
    torch.save(spread.state_dict(), file)
    file.seek(0)
    restored = ObservedSpread(2, 3)
    restored.load_state_dict(torch.load(file, weights_only=True))
    kept = spread.state_dict()["mean"].clone()
    for observation in observations[20:]:
        spread.see(observation)
        restored.see(observation)
    np.testing.assert_array_equal(spread.deviation, restored.deviation)
    assert not torch.equal(kept, spread.state_dict()["mean"])
    with pytest.raises(ValueError, match=r"expected \(1, 3\)"):
        ObservedSpread(1, 3).load_state_dict(spread.state_dict())
