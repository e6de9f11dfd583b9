"""Running statistics against NumPy's over all data."""

import numpy as np
import pytest
import torch
from torch import Tensor

from p2e.nn.normalizers import RunningChange, RunningNormalizer, RunningScale


def uneven_batches(seeds: int, features: int) -> list[Tensor]:
    """Batches of 1 to 60 rows with drifting mean and spread, each feature on a different scale."""
    random = torch.Generator().manual_seed(0)
    scale = torch.tensor([0.01, 1.0, 30.0])[:features]
    offset = torch.tensor([5.0, -3.0, 100.0])[:features]
    sizes = [1, 1, 60, 2, 17, 1, 40, 3, 5, 33]
    return [
        (torch.randn(seeds, rows, features, generator=random) * (1 + i / 5) + i / 3) * scale
        + offset
        for i, rows in enumerate(sizes)
    ]


def test_statistics_are_those_of_all_rows_together() -> None:
    normalizer = RunningNormalizer(2, 3)
    batches = uneven_batches(2, 3)
    for number, batch in enumerate(batches):
        normalizer.update(batch)
        seen = torch.cat(batches[: number + 1], dim=1).double().numpy()
        np.testing.assert_allclose(normalizer.mean[:, 0], seen.mean(axis=1), rtol=1e-5)
        np.testing.assert_allclose(
            normalizer.variance[:, 0], seen.var(axis=1), rtol=2e-4, atol=1e-9
        )
    assert float(normalizer.count) == sum(batch.shape[1] for batch in batches)


def test_normalised_rows_have_mean_zero_and_variance_one() -> None:
    normalizer = RunningNormalizer(2, 3)
    rows = torch.cat(uneven_batches(2, 3), dim=1)
    normalizer.update(rows)
    normalised = normalizer(rows)
    assert torch.allclose(normalised.mean(1), torch.zeros(2, 3), atol=1e-4)
    assert torch.allclose(normalised.std(1, correction=0), torch.ones(2, 3), atol=1e-4)
    torch.testing.assert_close(normalizer.inverse(normalised), rows, rtol=1e-4, atol=1e-4)


def test_before_any_row_nothing_changes() -> None:
    x = torch.randn(2, 4, 3)
    assert torch.equal(RunningNormalizer(2, 3)(x), x)


@pytest.mark.parametrize("constant", [0.1, 7.3, -150.7, 5000.1])
def test_a_feature_that_never_varied_is_only_shifted(constant: float) -> None:
    normalizer = RunningNormalizer(1, 2)
    random = torch.Generator().manual_seed(0)
    for rows in (3, 1, 50, 7) * 10:
        varied = torch.randn(1, rows, 1, generator=random)
        normalizer.update(torch.cat([torch.full((1, rows, 1), constant), varied], dim=-1))
    moved = normalizer(torch.tensor([[[constant + 0.5, 0.0]]]))
    assert abs(float(moved[0, 0, 0]) - 0.5) < 2e-3


def test_seeds_have_statistics_of_their_own_and_any_number_of_row_axes_fits() -> None:
    normalizer = RunningNormalizer(2, 1)
    normalizer.update(torch.tensor([[[0.0], [2.0]], [[10.0], [30.0]]]))
    expected = torch.tensor([1.0, -0.5])  # (2 - 1) / 1 and (15 - 20) / 10
    x = torch.tensor([2.0, 15.0])
    torch.testing.assert_close(normalizer(x.view(2, 1)), expected.view(2, 1))
    torch.testing.assert_close(normalizer(x.view(2, 1, 1)), expected.view(2, 1, 1))
    torch.testing.assert_close(normalizer(x.view(2, 1, 1, 1)), expected.view(2, 1, 1, 1))


def test_statistics_are_saved_and_take_no_gradient() -> None:
    normalizer = RunningNormalizer(2, 3)
    normalizer.update(uneven_batches(2, 3)[2])
    restored = RunningNormalizer(2, 3)
    restored.load_state_dict(normalizer.state_dict())
    more = uneven_batches(2, 3)[4]
    normalizer.update(more)
    restored.update(more)
    assert torch.equal(normalizer.mean, restored.mean)
    assert torch.equal(normalizer.variance, restored.variance)
    assert list(normalizer.parameters()) == []


def test_running_scale_by_hand() -> None:
    scale = RunningScale(2, decay=0.9)
    scale.update(torch.tensor([[1.0, 3.0], [10.0, 30.0]]))  # the first mean counts in full
    torch.testing.assert_close(scale(torch.tensor([[2.0], [10.0]])), torch.tensor([[1.0], [0.5]]))
    scale.update(torch.tensor([[8.0, 8.0], [20.0, 20.0]]))
    mean = (0.1 * 0.9 * 2.0 + 0.1 * 8.0) / (1 - 0.9**2)  # bias-corrected, as in Adam
    expected = torch.tensor([[1 / mean, 0.0], [0.05, 0.0]])
    torch.testing.assert_close(scale(torch.tensor([[1.0, 0.0], [1.0, 0.0]])), expected)


def test_running_scale_of_zeros_stays_finite() -> None:
    scale = RunningScale(1, decay=0.99)
    scale.update(torch.zeros(1, 5))
    assert torch.equal(scale(torch.zeros(1, 5)), torch.zeros(1, 5))


def test_the_scale_of_changes_is_their_recent_root_mean_square() -> None:
    change = RunningChange(2, 3, decay=0.9, floor=0.03)
    assert change.scale.flatten().tolist() == [1.0] * 6  # nothing known yet
    rows = torch.tensor([1.0, 2.0, 0.002]) * torch.tensor([[[1.0], [-1.0]], [[3.0], [-3.0]]])
    change.update(rows)
    torch.testing.assert_close(change.scale, torch.tensor([[[1.0, 2.0, 0.03]], [[3.0, 6.0, 0.03]]]))
    for _ in range(200):
        change.update(10 * rows)
    torch.testing.assert_close(change.scale[0, 0, :2], torch.tensor([10.0, 20.0]))


def test_what_stays_as_it_is_until_the_episode_ends_is_not_measured_more_finely() -> None:
    change = RunningChange(1, 3, floor=0.01)
    change.update(torch.tensor([0.5, 0.004, 0.0]).view(1, 1, 3))
    torch.testing.assert_close(change.scale.flatten(), torch.tensor([0.5, 0.01, 1.0]))
