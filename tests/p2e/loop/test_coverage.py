"""Visit counts: cumulative, separate for each seed, recorded at each evaluation."""

import io

import numpy as np
import numpy.typing as npt
import pytest
import torch

from p2e.loop.coverage import Coverage


def whole_numbers(observations: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """The first and the third feature, which the tests keep inside the grid."""
    return observations[..., [0, 2]].astype(np.int64)


def coverage_of(seeds: int) -> Coverage:
    return Coverage(whole_numbers, bins=4, seeds=seeds)


def visit(coverage: Coverage, *points: tuple[int, int]) -> None:
    coverage.visit(np.array([[x, 0.0, y] for x, y in points], dtype=np.float32))


def test_counts_are_cumulative_and_snapshots_stay_as_they_were() -> None:
    coverage = coverage_of(seeds=2)
    coverage.snapshot(0)
    visit(coverage, (0, 0), (3, 3))
    visit(coverage, (0, 0), (0, 3))
    coverage.snapshot(2)
    visit(coverage, (2, 1), (0, 3))
    coverage.snapshot(3)
    counts, steps = coverage.arrays()
    assert counts.dtype == np.int32 and counts.shape == (3, 2, 4, 4)
    assert steps.dtype == np.int64 and steps.tolist() == [0, 2, 3]
    assert counts.sum(axis=(2, 3)).tolist() == [[0, 0], [2, 2], [3, 3]]
    assert counts[1, 0, 0, 0] == 2 and counts[1, 1, 3, 3] == 1 and counts[1, 1, 0, 3] == 1
    assert counts[2, 0, 2, 1] == 1 and counts[2, 1, 0, 3] == 2


def test_a_restored_coverage_goes_on_and_is_a_copy() -> None:
    coverage = coverage_of(seeds=1)
    visit(coverage, (0, 0))
    coverage.snapshot(1)
    file = io.BytesIO()
    torch.save(coverage.state_dict(), file)
    file.seek(0)
    restored = coverage_of(seeds=1)
    restored.load_state_dict(torch.load(file, weights_only=True))
    for one in (coverage, restored):
        visit(one, (3, 0))
        one.snapshot(2)
    for array, again in zip(coverage.arrays(), restored.arrays(), strict=True):
        np.testing.assert_array_equal(array, again)
    kept = coverage.state_dict()
    visit(coverage, (0, 0))
    assert int(kept["counts"].sum()) == 2


@pytest.mark.parametrize("damage", ["one less", "another shape", "steps alone"])
def test_snapshots_that_do_not_fit_are_refused(damage: str) -> None:
    coverage = coverage_of(seeds=1)
    coverage.snapshot(1)
    coverage.snapshot(2)
    state = coverage.state_dict()
    if damage == "another shape":
        state["snapshots"][1] = state["snapshots"][1][:, 1:]
    else:
        state["steps" if damage == "steps alone" else "snapshots"].pop()
    with pytest.raises(ValueError, match="snapshots"):
        coverage_of(seeds=1).load_state_dict(state)


def test_without_cells_nothing_is_counted_and_the_steps_are_kept() -> None:
    coverage = Coverage(None, bins=0, seeds=2)
    visit(coverage, (0, 0), (3, 3))
    coverage.snapshot(1)
    restored = Coverage(None, bins=0, seeds=2)
    restored.load_state_dict(coverage.state_dict())
    visit(restored, (0, 0), (3, 3))
    restored.snapshot(2)
    counts, steps = restored.arrays()
    assert counts.shape == (2, 2, 0, 0) and counts.dtype == np.int32
    assert steps.tolist() == [1, 2]
