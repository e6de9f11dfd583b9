"""Mixed batches: a stated share of real and of imagined rows in every batch."""

from collections.abc import Callable

from p2e.batch import TransitionBatch, concatenate_rows

Draw = Callable[[int], TransitionBatch]


def real_rows(batch_size: int, real_share: float) -> int:
    """How many of a batch's rows are real: the share, rounded to whole rows."""
    return round(batch_size * real_share)


def mixed_batch(
    draw_real: Draw, draw_imagined: Draw, batch_size: int, real_share: float
) -> TransitionBatch:
    """A batch of `batch_size` rows, of which `real_rows(...)` are real, whatever the draw: a coin
    flip over whole batches would have the same mean and a wrong variance."""
    real = real_rows(batch_size, real_share)
    parts = []
    if real > 0:
        parts.append(draw_real(real))
    if real < batch_size:
        parts.append(draw_imagined(batch_size - real))
    return concatenate_rows(parts) if len(parts) > 1 else parts[0]
