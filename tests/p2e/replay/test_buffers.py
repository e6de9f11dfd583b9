"""The replay ring against a plain list, and its draws."""

import io

import pytest
import torch
from torch import Tensor

from p2e.nn.generators import SeedGenerators
from p2e.replay.buffers import RowBuffer

SEEDS = 2


def numbered(first: int, rows: int) -> dict[str, Tensor]:
    """Rows numbered first, first + 1, ...; seed 1 counts from 1000. Two fields hold the number."""
    number = torch.arange(first, first + rows, dtype=torch.float32)
    both = torch.stack([number, number + 1000]).unsqueeze(-1)
    return {"number": both, "pair": torch.cat([-both, both * 2], dim=-1)}


def buffer_of(capacity: int) -> RowBuffer:
    return RowBuffer(SEEDS, capacity, {"number": 1, "pair": 2})


def held(buffer: RowBuffer) -> list[list[int]]:
    """The numbers in the buffer, sorted, for each seed."""
    rows = buffer.everything()
    assert torch.equal(rows["pair"], torch.cat([-rows["number"], rows["number"] * 2], dim=-1))
    return [sorted(int(value) for value in seed.flatten()) for seed in rows["number"]]


def starts_seen(buffer: RowBuffer, length: int, windows: int = 400) -> set[int]:
    """First numbers of many windows of seed 0; checks that every window is consecutive."""
    start = SeedGenerators([0, 1], "x").integers(buffer.size - length + 1, windows)
    fields, slots = buffer.windows(start, length)
    number = fields["number"].squeeze(-1)
    assert number.shape == (SEEDS, length, windows) == slots.shape
    assert fields["pair"].shape == (SEEDS, length, windows, 2)
    ages = torch.arange(length).view(1, length, 1)
    assert torch.equal(number, number[:, :1] + ages)
    assert bool((number[1] >= 1000).all())
    taken = buffer.take(slots.flatten(1))["number"].view(number.shape)
    assert torch.equal(taken, number)
    return {int(value) for value in number[0, 0]}


def check_against_list(buffer: RowBuffer, capacity: int, total: int) -> None:
    newest = list(range(max(0, total - capacity), total))
    assert buffer.size == len(newest)
    assert held(buffer) == [newest, [value + 1000 for value in newest]]
    in_order = buffer.in_order("pair")[..., 0]
    assert in_order.tolist() == [[-n for n in newest], [-n - 1000 for n in newest]]
    for length in {min(1, len(newest)), min(3, len(newest)), len(newest)} - {0}:
        assert starts_seen(buffer, length) == set(newest[: len(newest) - length + 1])


@pytest.mark.parametrize("capacity", [1, 2, 5, 7])
def test_any_sequence_of_additions_keeps_the_newest_rows_in_order(capacity: int) -> None:
    random = torch.Generator().manual_seed(capacity)
    buffer, total = buffer_of(capacity), 0
    for _ in range(40):
        rows = int(torch.randint(0, 2 * capacity + 3, (), generator=random))
        buffer.add(numbered(total, rows))
        total += rows
        check_against_list(buffer, capacity, total)


def test_the_slots_of_a_ring_by_hand() -> None:
    buffer = buffer_of(4)
    slots = torch.arange(4).expand(SEEDS, 4)
    buffer.add(numbered(0, 3))
    buffer.add(numbered(3, 3))  # wraps in the middle: 3 goes last, 4 and 5 overwrite 0 and 1
    assert buffer.take(slots)["number"][0].flatten().tolist() == [4, 5, 2, 3]
    buffer.add(numbered(6, 9))  # more than fit: only 11 to 14 stay, from the cursor on
    assert buffer.take(slots)["number"][0].flatten().tolist() == [13, 14, 11, 12]
    buffer.add(numbered(15, 1))
    assert buffer.take(slots)["number"][0].flatten().tolist() == [13, 14, 15, 12]


@pytest.mark.parametrize("rows", [3, 6, 13])
def test_the_newest_rows_alone_can_be_drawn(rows: int) -> None:
    buffer = buffer_of(6)
    buffer.add(numbered(0, rows))
    for newest in (1, 2, 5, 6, 50):
        drawn = buffer.sample(SeedGenerators([0, 1], "draws"), 300, newest=newest)["number"]
        expected = set(range(max(0, rows - min(newest, 6)), rows))
        assert {int(value) for value in drawn[0].flatten()} == expected
        assert {int(value) - 1000 for value in drawn[1].flatten()} == expected


def test_each_seed_draws_from_its_own_rows_with_its_own_stream() -> None:
    buffer = buffer_of(50)
    buffer.add(numbered(0, 50))
    rows = buffer.sample(SeedGenerators([3, 4], "draws"), 30)["number"].squeeze(-1)
    assert bool((rows[1] >= 1000).all()) and bool((rows[0] < 1000).all())
    assert not torch.equal(rows[0], rows[1] - 1000)
    alone = RowBuffer(1, 50, {"number": 1, "pair": 2})
    alone.add({name: value[1:] for name, value in numbered(0, 50).items()})
    assert torch.equal(alone.sample(SeedGenerators([4], "draws"), 30)["number"][0, :, 0], rows[1])


def test_drawn_rows_are_copies() -> None:
    buffer = buffer_of(4)
    buffer.add(numbered(0, 4))
    drawn = buffer.sample(SeedGenerators([0, 1], "x"), 10)
    drawn["number"].zero_()
    assert held(buffer)[0] == [0, 1, 2, 3]


def test_too_long_a_window_is_an_error_in_words() -> None:
    buffer = buffer_of(8)
    buffer.add(numbered(0, 3))
    with pytest.raises(ValueError, match="holds 3 rows, expected 4"):
        buffer.windows(torch.zeros(2, 1, dtype=torch.int64), 4)


def test_write_overwrites_one_field_of_the_given_slots() -> None:
    buffer = buffer_of(4)
    buffer.add(numbered(0, 4))
    buffer.write("pair", torch.tensor([[1, 3], [0, 2]]), torch.full((2, 2, 2), 7.0))
    rows = buffer.everything()
    assert rows["number"][..., 0].tolist() == [[0, 1, 2, 3], [1000, 1001, 1002, 1003]]
    assert rows["pair"][0].tolist() == [[0, 0], [7, 7], [-2, 4], [7, 7]]
    assert rows["pair"][1].tolist() == [[7, 7], [-1001, 2002], [7, 7], [-1003, 2006]]


def test_what_is_known_of_a_field_is_computed_once_for_the_rows_that_are_held() -> None:
    buffer, asked = RowBuffer(1, 4, {"x": 1, "y": 1}), []

    def total(values: Tensor) -> Tensor:
        asked.append(values.flatten().tolist())
        return values.sum()

    def add(value: float) -> None:
        buffer.add({"x": torch.full((1, 1, 1), value), "y": torch.zeros(1, 1, 1)})

    add(1.0)
    for _ in range(2):
        assert buffer.known("x", total) == 1.0
    add(2.0)
    assert buffer.known("x", total) == 3.0
    buffer.write("y", torch.tensor([[0]]), torch.ones(1, 1, 1))  # another field
    assert buffer.known("x", total) == 3.0
    buffer.write("x", torch.tensor([[0]]), torch.full((1, 1, 1), 5.0))
    assert buffer.known("x", total) == 7.0
    state = buffer.state_dict()
    add(3.0)
    buffer.load_state_dict(state)
    assert buffer.known("x", total) == 7.0
    assert asked == [[1.0], [1.0, 2.0], [5.0, 2.0], [5.0, 2.0]]


def test_windows_can_be_written_back_to_the_slots_they_came_from() -> None:
    buffer = buffer_of(6)
    buffer.add(numbered(0, 9))
    fields, slots = buffer.windows(torch.tensor([[0, 1, 4], [3, 3, 0]]), 2)
    buffer.write("number", slots.flatten(1), fields["number"].flatten(1, 2) + 0.5)
    again = buffer.take(slots.flatten(1))["number"].view(fields["number"].shape)
    assert torch.equal(again, fields["number"] + 0.5)
    untouched = buffer.everything()["number"] % 1 == 0
    assert int((~untouched).sum()) == sum(len(seed.unique()) for seed in slots)


@pytest.mark.parametrize(
    ("name", "shape"),
    [("number", (2, 3, 2)), ("pair", (2, 3, 1)), ("pair", (2, 2, 2)), ("pair", (1, 3, 2))],
)
def test_a_wrong_shape_names_the_field_and_both_shapes(name: str, shape: tuple[int, ...]) -> None:
    fields = numbered(0, 3)
    expected = tuple(fields[name].shape)
    with pytest.raises(ValueError) as raised:
        buffer_of(4).add(fields | {name: torch.zeros(shape)})
    for part in (f"'{name}'", str(shape), str(expected)):
        assert part in str(raised.value)


def test_rows_for_another_number_of_seeds_are_refused() -> None:
    fields = {name: value.repeat(2, 1, 1) for name, value in numbered(0, 3).items()}
    with pytest.raises(ValueError, match=r"\(4, 3, 1\).*\(2, 3, 1\)"):
        buffer_of(4).add(fields)


def test_missing_and_unknown_fields_are_named() -> None:
    fields = numbered(0, 3)
    with pytest.raises(ValueError, match="pair"):
        buffer_of(4).add({"number": fields["number"]})
    with pytest.raises(ValueError, match="extra"):
        buffer_of(4).add(fields | {"extra": fields["number"]})


@pytest.mark.parametrize("rows", [0, 3, 5, 8])
def test_a_restored_buffer_goes_on_as_the_first(rows: int) -> None:
    buffer, restored = buffer_of(5), buffer_of(5)
    buffer.add(numbered(0, rows))
    restored.add(numbered(500, 2))
    file = io.BytesIO()
    torch.save(buffer.state_dict(), file)
    file.seek(0)
    restored.load_state_dict(torch.load(file, weights_only=True))
    for one in (buffer, restored):
        one.add(numbered(rows, 2))
    check_against_list(restored, 5, rows + 2)
    draws = [one.sample(SeedGenerators([0, 1], "x"), 20)["pair"] for one in (buffer, restored)]
    assert torch.equal(*draws)


def test_a_state_is_a_copy() -> None:
    buffer = buffer_of(5)
    buffer.add(numbered(0, 5))
    state = buffer.state_dict()
    buffer.add(numbered(5, 5))
    restored = buffer_of(5)
    restored.load_state_dict(state)
    assert held(restored)[0] == [0, 1, 2, 3, 4]
