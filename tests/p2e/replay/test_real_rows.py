"""Real rows: as they are in replay, with returns of several steps, around rare rewards, paid."""

from collections.abc import Callable

import pytest
import torch

from p2e.batch import TransitionBatch
from p2e.nn.generators import SeedGenerators
from p2e.replay.buffers import RowBuffer, real_fields
from p2e.replay.real_rows import RealRows, RealRowsConfig

ROWS, DISCOUNT = 60, 0.9


def replay(episode: int = 20) -> RowBuffer:
    """Observations count the rows; each row is rewarded by its number, and row 30 by 10,000."""
    buffer = RowBuffer(1, ROWS, real_fields(1, 1))
    number = torch.arange(float(ROWS)).view(1, ROWS, 1)
    nothing = torch.zeros(1, ROWS, 1)
    buffer.add(
        {
            "observation": number,
            "action": nothing,
            "reward": torch.where(number == 30, 10_000.0, number),
            "next_observation": number + 1,
            "terminated": nothing,
            "first": (number % episode == 0).float(),
            "memory": nothing[..., :0],
        }
    )
    return buffer


def unpaid(rows: TransitionBatch) -> TransitionBatch:
    return rows


def real_rows(
    pay: Callable[[TransitionBatch], TransitionBatch] = unpaid, **config: float
) -> RealRows:
    generators = SeedGenerators((0,), "test rows")
    return RealRows(replay(), generators, RealRowsConfig(**config), DISCOUNT, pay)  # type: ignore[arg-type]


def test_by_default_they_are_uniform_draws_as_they_are_in_replay() -> None:
    rows = real_rows().draw(200)
    expected = replay().sample(SeedGenerators((0,), "test rows"), 200)
    assert rows.keys() == expected.keys()
    assert all(torch.equal(rows[name], expected[name]) for name in rows)


def test_returns_of_three_steps_by_hand() -> None:
    rows = real_rows(multi_step=3).draw(500)
    first = rows["observation"].flatten()
    inside = (first % 20 < 18) & ((first < 28) | (first > 30))
    assert inside.sum() > 100
    of_steps = first + DISCOUNT * (first + 1) + DISCOUNT**2 * (first + 2)
    torch.testing.assert_close(rows["reward"].flatten()[inside], of_steps[inside])
    torch.testing.assert_close(rows["next_observation"].flatten()[inside], first[inside] + 3)
    going_on = 1 - rows["terminated"].flatten()[inside]
    torch.testing.assert_close(going_on, torch.full_like(going_on, DISCOUNT**2))


def test_no_return_reaches_into_the_next_episode() -> None:
    rows = real_rows(multi_step=3).draw(500)
    first = rows["observation"].flatten()
    last = first % 20 == 19
    assert last.any()
    torch.testing.assert_close(rows["reward"].flatten()[last], first[last])
    torch.testing.assert_close(rows["next_observation"].flatten()[last], first[last] + 1)


def test_a_share_of_the_returns_reaches_a_rare_reward() -> None:
    rows = real_rows(multi_step=3, rare_share=0.25).draw(400)
    first = rows["observation"].flatten()
    assert ((first[:100] >= 28) & (first[:100] <= 30)).all()
    assert ((first[100:] >= 28) & (first[100:] <= 30)).float().mean() < 0.2


@pytest.mark.parametrize("steps", [1, 3])
def test_every_step_of_a_return_is_paid(steps: int) -> None:
    def by_one(rows: TransitionBatch) -> TransitionBatch:
        return rows._replace(reward=rows.reward + 1)

    paid, plain = (real_rows(pay, multi_step=steps).draw(300) for pay in (by_one, unpaid))
    more = (paid["reward"] - plain["reward"]).flatten()
    inside = plain["observation"].flatten() % 20 <= 20 - steps
    by_hand = sum(DISCOUNT**k for k in range(steps))
    torch.testing.assert_close(
        more[inside], torch.full_like(more[inside], by_hand), rtol=1e-3, atol=0
    )
