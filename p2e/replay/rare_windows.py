"""Where windows of replay begin: anywhere, or around rows that are rare.

Where one step in a thousand is rewarded, uniform windows show the world model and the agents next
to nothing of what the task is about. A share of them is therefore drawn around outliers of the
reward (the skewed sampling of Jaderberg et al. 2016, arXiv:1611.05397, for any reward). As soon as
such rewards are common they are no outliers any more, and all windows are drawn uniformly.

The reward-free modes draw them around rare terminations instead. A world model that has hardly seen
a termination does not predict it, and a policy imagines to go on behind it.
"""

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from p2e.nn.generators import SeedGenerators
from p2e.replay.buffers import Fields, RowBuffer

OUTLIER = 3.0  # standard deviations from the mean


def rare(values: Float[Tensor, "S N"]) -> Bool[Tensor, "S N"]:
    """Which values lie more than three standard deviations from their mean."""
    deviation = values - values.mean(dim=1, keepdim=True)
    return deviation.abs() > OUTLIER * deviation.square().mean(dim=1, keepdim=True).sqrt()


def rare_so_far(values: Float[Tensor, "S N 1"]) -> Int64[Tensor, "S N"]:
    """How many rare values there are up to each row, that one included."""
    return rare(values.squeeze(-1)).cumsum(dim=1)


def window_starts(
    buffer: RowBuffer,
    field: str,
    length: int,
    windows: int,
    rare_share: float,
    generators: SeedGenerators,
) -> Int64[Tensor, "S W"]:
    """The first of `length` rows of each window, out of the rows held in their order.

    Args:
        field: whose values may be rare: reward or terminated.
        rare_share: share of the windows that contain a rare value. A seed without rare values gets
            uniform windows instead.
    """
    last = buffer.size - length
    uniform = generators.integers(last + 1, windows)
    around = round(windows * rare_share)
    if around == 0:
        return uniform
    found = buffer.known(field, rare_so_far)
    count = found[:, -1:]
    number = (generators.uniform(0.0, 1.0, around) * count).long()
    number = number.minimum(count - 1).clamp(min=0)
    place = torch.searchsorted(found, number + 1)  # the first row by which so many were found
    start = (place - generators.integers(length, around)).clamp(0, last)
    return torch.cat([torch.where(count > 0, start, uniform[:, :around]), uniform[:, around:]], 1)


def draw_rows(
    buffer: RowBuffer,
    field: str,
    within: int,
    rows: int,
    rare_share: float,
    generators: SeedGenerators,
) -> Fields:
    """Rows of replay, a share of them less than `within` rows from one whose value is rare.

    Returns:
        name -> (S, B, width).
    """
    within = min(within, buffer.size)
    start = window_starts(buffer, field, within, rows, rare_share, generators)
    steps, _ = buffer.windows(start + generators.integers(within, rows), length=1)
    return {name: x[:, 0] for name, x in steps.items()}


def draw_windows(
    buffer: RowBuffer,
    field: str,
    length: int,
    windows: int,
    rare_share: float,
    generators: SeedGenerators,
) -> tuple[Fields, Int64[Tensor, "S T W"]]:
    """Windows of replay, a share of them around rare values of a field, and their slots.

    Returns:
        name -> (S, T, W, width) with T = length, or as many steps as are held.
    """
    length = min(length, buffer.size)
    start = window_starts(buffer, field, length, windows, rare_share, generators)
    return buffer.windows(start, length)
