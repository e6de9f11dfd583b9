"""Random streams: a seed's numbers depend only on the seed and the stream."""

import io
import zlib

import numpy as np
import pytest
import torch
from torch import Tensor

from p2e.nn.generators import SeedGenerators, derived_seed


def draw_some(generators: SeedGenerators) -> list[Tensor]:
    """A few draws of every kind, one after the other."""
    return [
        generators.normal(4, 3),
        generators.uniform(-2.0, 3.0, 5),
        generators.integers(7, 2, 6),
        generators.permutation(11),
        generators.normal(),
    ]


AHEAD = pytest.mark.parametrize("ahead", [None, 1, 40])


@AHEAD
def test_a_seed_draws_the_same_numbers_alone_and_in_a_group(ahead: int | None) -> None:
    group = draw_some(SeedGenerators([7, 3, 5], "actions", ahead=ahead))
    alone = draw_some(SeedGenerators([3], "actions", ahead=ahead))
    for many, one in zip(group, alone, strict=True):
        assert many.shape == (3, *one.shape[1:])
        assert torch.equal(many[1], one[0])
        assert not torch.equal(many[0], many[1]) and not torch.equal(many[1], many[2])


def test_streams_and_seeds_differ() -> None:
    names = ["agent weights", "agent noise", "batches", "warm-up actions"]
    derived = {derived_seed(seed, name) for seed in range(200) for name in names}
    assert len(derived) == 200 * len(names)
    assert all(0 <= value < 2**63 for value in derived)
    first, second = SeedGenerators([0], "a").normal(1000), SeedGenerators([0], "b").normal(1000)
    correlation = torch.corrcoef(torch.cat([first, second]))[0, 1]
    assert abs(float(correlation)) < 0.12  # about 4 standard errors


@pytest.mark.parametrize("ahead", [None, 120_000])
def test_draws_have_the_stated_distribution(ahead: int | None) -> None:
    generators = SeedGenerators([1, 2], "moments", ahead=ahead)
    normal = generators.normal(50_000)
    assert torch.allclose(normal.mean(1), torch.zeros(2), atol=0.02)
    assert torch.allclose(normal.std(1), torch.ones(2), atol=0.02)
    uniform = generators.uniform(-2.0, 4.0, 50_000)
    assert -2.0 <= float(uniform.min()) < -1.99 and 3.99 < float(uniform.max()) <= 4.0
    assert torch.allclose(uniform.mean(1), torch.ones(2), atol=0.04)
    counts = torch.bincount(generators.integers(5, 50_000)[0], minlength=5)
    assert counts.shape == (5,) and torch.allclose(
        counts / 50_000, torch.full((5,), 0.2), atol=0.01
    )


def test_a_permutation_holds_every_number_once() -> None:
    orders = SeedGenerators([1, 2], "order").permutation(20)
    assert torch.equal(orders.sort(dim=1).values, torch.arange(20).expand(2, 20))


def test_numbers_drawn_ahead_are_handed_out_once_and_in_their_order() -> None:
    at_once = SeedGenerators([0, 9], "ahead").normal(5, 3, 2)
    ahead = SeedGenerators([0, 9], "ahead", ahead=30)
    one_by_one = torch.stack([ahead.normal(3, 2) for _ in range(5)], dim=1)
    assert torch.equal(one_by_one, at_once)
    more = [ahead.normal(3, 2) for _ in range(5)]
    assert not any(torch.equal(one, other) for one in more for other in at_once.unbind(1))
    bounded = torch.stack([ahead.integers(high, 4) for high in (1, 2, 3, 1000)])
    assert (bounded.amax(dim=(1, 2)) < torch.tensor([1, 2, 3, 1000])).all()
    assert int(bounded.min()) == 0 and int(bounded.max()) > 3


@AHEAD
def test_a_restored_stream_goes_on_where_it_was(ahead: int | None) -> None:
    generators = SeedGenerators([0, 9], "resume", ahead=ahead)
    draw_some(generators)
    file = io.BytesIO()
    torch.save(generators.state_dict(), file)
    expected = draw_some(generators)
    file.seek(0)
    restored = SeedGenerators([0, 9], "resume", ahead=ahead)
    restored.load_state_dict(torch.load(file, weights_only=True))
    for before, after in zip(expected, draw_some(restored), strict=True):
        assert torch.equal(before, after)


def test_a_derived_seed_is_the_same_on_every_machine() -> None:
    words = np.random.SeedSequence([12, zlib.crc32(b"batches")]).generate_state(2)
    assert derived_seed(12, "batches") == int(words[0]) * 2**31 ^ int(words[1])
    assert derived_seed(12, "batches") == 8868345535166390170
    assert derived_seed(0, "agent weights") == 20350261913671105
