"""A step of imagination in C++ against the same step with PyTorch's operators."""

import random
from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor

from p2e.nn.compilation import compile_networks
from p2e.nn.generators import SeedGenerators
from p2e.world.native.world_step import world_step
from p2e.world.world_model import WorldModel
from tests.conftest import needs_a_compiler
from tests.helpers.both_ways import assert_close, in_both_ways

pytestmark = [needs_a_compiler, pytest.mark.usefixtures("without_gradient")]

Inputs = tuple[Tensor, Tensor, Tensor]  # latent, action and memory


@pytest.fixture
def without_gradient():
    with torch.no_grad():
        yield


def model_of(
    seeds: Sequence[int], actions: int, latents: int, units: int, hidden: Sequence[int]
) -> WorldModel:
    """A world model whose latents change by another unit for each seed."""
    model = WorldModel(3, actions, latents, units, hidden, SeedGenerators(seeds, "weights"))
    model.latent_change.weight.fill_(1.0)
    model.latent_change.square.copy_(torch.tensor(seeds).view(-1, 1, 1) + 0.5)
    return model


def inputs_of(model: WorldModel, seeds: Sequence[int], batch: int, actions: int) -> Inputs:
    """Rows of each seed, which do not depend on the other seeds."""
    draws = SeedGenerators(seeds, "rows")
    latent, memory = draws.normal(batch, model.latent_size), draws.normal(batch, model.memory_size)
    return latent, draws.uniform(-1.0, 1.0, batch, actions), memory.tanh()


def stepped(model: WorldModel, inputs: Inputs) -> list[Tensor]:
    prediction, memory = model.step(*inputs)
    return [*prediction, memory]


def both_steps(model: WorldModel, inputs: Inputs) -> tuple[list[Tensor], list[Tensor]]:
    return in_both_ways(lambda: stepped(model, inputs))


def assert_all_close(found: list[Tensor], expected: list[Tensor]) -> None:
    for one, other in zip(found, expected, strict=True):
        assert_close(one, other, 3e-5)


def check_random_step(draw: int) -> None:
    chance = random.Random(draw)
    seeds = chance.choice(((1,), (3,), (1, 2, 5)))
    actions, units = chance.randint(1, 8), chance.choice((1, 7, 16, 33))
    latents = chance.choice((3, 8, 13, 16, 24, 37))
    hidden = [chance.choice((1, 5, 20, 48)) for _ in range(chance.randint(1, 3))]
    model = model_of(seeds, actions, latents, units, hidden)
    batch = chance.choice((1, 2, 17, 64, chance.randint(1, 130), 130))
    assert_all_close(*both_steps(model, inputs_of(model, seeds, batch, actions)))


@pytest.mark.parametrize("draw", range(40))
def test_a_step_is_that_of_pytorch(draw: int) -> None:
    check_random_step(draw)


@pytest.mark.usefixtures("narrower_registers")
def test_narrower_registers_give_the_same() -> None:
    for draw in range(40):
        check_random_step(draw)


def test_a_latent_of_hardly_any_spread_is_normalised_as_pytorch_does() -> None:
    model = model_of((0, 1), 2, 9, 5, [6])
    model.latent_change.floor = 1e-4
    model.latent_change.square.fill_(1.5e-6)
    latent, action, memory = inputs_of(model, (0, 1), 20, 2)
    for spread in (1e-2, 3e-3, 1e-3):
        found, expected = both_steps(model, (spread * latent, action, memory))
        assert expected[0].std() < 0.99  # it is seen that the variance is not divided by alone
        assert_all_close(found, expected)


def test_numbers_that_lie_apart_are_read_as_they_are() -> None:
    model = model_of((0, 1), 3, 10, 7, [12])
    latent, action, memory = inputs_of(model, (0, 1), 6, 3)
    ways: tuple[Callable[[Tensor], Tensor], ...] = (
        lambda x: x.mT.contiguous().mT,
        lambda x: x.transpose(0, 1).contiguous().transpose(0, 1),
        lambda x: torch.cat([x, x], dim=2)[..., : x.shape[2]],
        lambda x: torch.cat([x, x], dim=1)[:, 6:],
    )
    compile_networks(True)
    expected = stepped(model, (latent, action, memory))
    for lies in ways:
        for inputs in (
            (lies(latent), action, memory),
            (latent, lies(action), memory),
            (latent, action, lies(memory)),
        ):
            for one, other in zip(stepped(model, inputs), expected, strict=True):
                assert torch.equal(one, other)


def test_a_seed_steps_the_same_alone_to_the_last_bit() -> None:
    compile_networks(True)
    group, alone = (model_of(seeds, 3, 21, 18, [30, 20]) for seeds in ((3, 5, 8), (5,)))
    together = stepped(group, inputs_of(group, (3, 5, 8), 50, 3))
    for one, other in zip(stepped(alone, inputs_of(alone, (5,), 50, 3)), together, strict=True):
        assert torch.equal(one[0], other[1])


@pytest.mark.parametrize("number", [0, 1, 2])
def test_what_is_no_number_stays_in_its_row(number: int) -> None:
    model = model_of((0, 1), 3, 10, 7, [12])
    inputs = inputs_of(model, (0, 1), 8, 3)
    inputs[number][1, 4, 2] = torch.nan
    found, expected = both_steps(model, inputs)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5, equal_nan=True)
    assert found[0].isnan().all(dim=-1).nonzero().tolist() == [[1, 4]]
    assert found[1].isnan().nonzero().tolist() == [[1, 4]]


def test_a_weight_that_is_no_number_is_noticed() -> None:
    model = model_of((0, 1), 3, 10, 7, [12])
    model.head.layers[0].weight.data[1, 3, 2] = torch.nan
    found, _ = both_steps(model, inputs_of(model, (0, 1), 8, 3))
    for values in found[:2]:
        assert not values[0].isnan().any() and values[1].isnan().all()


@pytest.mark.usefixtures("rounded")
def test_medium_rounds_the_factors_of_the_head() -> None:
    seeds, hidden = (0, 1), [64]
    model = model_of(seeds, 2, 63, 67, hidden)
    inputs = inputs_of(model, seeds, 80, 2)
    found, exact = both_steps(model, inputs)
    memory, (first, second) = exact[-1], model.head.layers
    known = torch.cat([memory, inputs[0], inputs[1]], dim=-1)

    def bits(x: Tensor) -> Tensor:
        return x.bfloat16().float()

    rows = torch.nn.functional.silu(bits(known) @ bits(first.weight) + first.bias)
    outputs = bits(rows) @ bits(second.weight) + second.bias
    change = outputs[..., :63] * model.latent_change.scale
    latent = torch.nn.functional.layer_norm(inputs[0] + change, (63,))
    rounded = latent, outputs[..., 63]
    for one, expected, other in zip(found[:2], rounded, exact[:2], strict=True):
        assert (one - expected).norm() < 0.1 * (one - other).norm()
    assert_all_close(found[2:], [memory])  # of the recurrent unit no factor is rounded


@pytest.mark.parametrize("field", ["action", "memory", "scale"])
def test_a_field_of_another_shape_is_refused(field: str) -> None:
    model = model_of((0, 1), 3, 10, 7, [12])
    latent, action, memory = inputs_of(model, (0, 1), 8, 3)
    scale = model.latent_change.scale
    fields = {"scale": scale, "latent": latent, "action": action, "memory": memory}
    fields[field] = fields[field][..., 1:] if field != "scale" else scale[:, :, [0, 0]]
    with pytest.raises(ValueError, match=f"{field} has shape"):
        world_step.__wrapped__(model.cell, model.head, **fields)  # type: ignore[attr-defined]
