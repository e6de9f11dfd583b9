"""Mixed batches always have exactly the given share of real rows."""

import pytest
import torch

from p2e.batch import TransitionBatch, concatenate_rows
from p2e.replay.buffers import Fields
from p2e.replay.mixed_batch import MixedBatch


def numbered(rows: int, value: float) -> TransitionBatch:
    """Rows identified by their reward, with their index in every feature."""
    number = torch.arange(rows, dtype=torch.float32).expand(2, rows)
    features = number.unsqueeze(-1).expand(2, rows, 3)
    return TransitionBatch(
        features, features[..., :1], torch.full((2, rows), value), features + 1, number * 0
    )


@pytest.mark.parametrize(
    ("batch_size", "share", "real"),
    [(256, 0.05, 13), (256, 0.25, 64), (8, 0.0, 0), (8, 1.0, 8), (10, 0.3, 3), (7, 0.5, 4)],
)
def test_exact_row_counts(batch_size: int, share: float, real: int) -> None:
    asked: list[tuple[str, int]] = []

    def draw_real(rows: int) -> Fields:
        asked.append(("real", rows))
        return {"reward": torch.ones(2, rows, 1), "memory": torch.zeros(2, rows, 4)}

    def draw_imagined(rows: int) -> Fields:
        asked.append(("imagined", rows))
        return {"curiosity": torch.zeros(2, rows, 1), "reward": torch.zeros(2, rows, 1)}

    mixed = MixedBatch(draw_real, draw_imagined, share)
    assert mixed.real_rows(batch_size) == real
    for _ in range(3):
        batch = mixed.draw(batch_size)
        assert batch["reward"].shape == (2, batch_size, 1)
        assert batch["reward"].sum(dim=1).tolist() == [[real], [real]]
        if 0 < real < batch_size:
            assert set(batch) == {"reward"}, "what both have"
            assert batch["reward"][:, :real].all() and not batch["reward"][:, real:].any()
    expected = [("real", real), ("imagined", batch_size - real)]
    assert asked == [entry for entry in expected if entry[1] > 0] * 3


def test_rows_stay_whole_when_batches_are_joined() -> None:
    batch = concatenate_rows([numbered(3, 1.0), numbered(2, 0.0)])
    assert batch.observation.shape == (2, 5, 3) and batch.action.shape == (2, 5, 1)
    assert batch.observation[0, :, 0].tolist() == [0, 1, 2, 0, 1]
    assert batch.reward[1].tolist() == [1, 1, 1, 0, 0]
    assert torch.equal(batch.next_observation, batch.observation + 1)
