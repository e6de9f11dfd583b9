"""The value function: its gradients, its batches, and that seeds do not touch."""

import copy

import torch
from torch import Tensor, nn

from p2e.nn.generators import SeedGenerators
from p2e.on_policy.value_function import ValueFunction
from tests.helpers.plain_network import plain_network
from tests.p2e.on_policy.tiny import OBSERVATIONS, SEEDS, random

ROWS = 50
OBSERVATION = random(len(SEEDS), ROWS, OBSERVATIONS).float()
TARGET = 3 * OBSERVATION.sum(dim=2).sin() + 1
RATE = 1e-2


def value_function(seeds: tuple[int, ...] = SEEDS) -> ValueFunction:
    weights, batches = (SeedGenerators(seeds, name) for name in ("weights", "batches"))
    return ValueFunction(OBSERVATIONS, (16,), RATE, weights, batches)


def test_an_update_is_that_of_torch_with_the_mean_squared_error() -> None:
    ours = value_function()
    plain = plain_network(ours.network, (1,), nn.Tanh)
    adam = torch.optim.Adam(plain.parameters(), RATE)
    expected = []
    for _ in range(3):
        loss = (plain(OBSERVATION[1]).squeeze(-1) - TARGET[1]).square().mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        expected.append(loss.detach())
    loss = ours.fit(OBSERVATION, TARGET, epochs=3, batch_size=ROWS)
    torch.testing.assert_close(loss[1], torch.stack(expected).mean())
    torch.testing.assert_close(ours(OBSERVATION)[1], plain(OBSERVATION[1]).squeeze(-1).detach())


def test_every_row_is_in_one_batch_of_an_epoch() -> None:
    ours, batches = value_function(), []
    record = ours.network.record

    def watched(rows: Tensor) -> object:
        batches.append(rows)
        return record(rows)

    ours.network.record = watched  # type: ignore[method-assign, assignment]
    ours.fit(OBSERVATION, TARGET, epochs=2, batch_size=20)
    assert [batch.shape[1] for batch in batches] == [20, 20, 10] * 2
    for epoch in (batches[:3], batches[3:]):
        rows = torch.cat(epoch, dim=1)
        for row in range(len(SEEDS)):
            found, held = rows[row, :, 0], OBSERVATION[row, :, 0]
            assert not torch.equal(found, held)
            assert torch.equal(found.sort().values, held.sort().values)


def test_it_learns_what_it_is_given() -> None:
    ours = value_function()
    before = (ours(OBSERVATION) - TARGET).square().mean(dim=1)
    ours.fit(OBSERVATION, TARGET, epochs=200, batch_size=25)
    after = (ours(OBSERVATION) - TARGET).square().mean(dim=1)
    assert (after < 0.05 * before).all()


def test_a_seed_learns_alike_alone_and_in_a_group() -> None:
    group, alone = value_function(), value_function(SEEDS[1:])
    losses = group.fit(OBSERVATION, TARGET, 3, 20)[1:]
    # Not to the bit: a matrix library may sum the one column of the output in another order.
    torch.testing.assert_close(losses, alone.fit(OBSERVATION[1:], TARGET[1:], 3, 20))
    torch.testing.assert_close(group.network.weights[1:], alone.network.weights)


def test_a_restored_one_goes_on_as_it_would_have() -> None:
    whole, other = value_function(), value_function((4, 5))
    whole.fit(OBSERVATION, TARGET, 2, 20)
    other.load_state_dict(copy.deepcopy(whole.state_dict()))
    for each in (whole, other):
        each.fit(OBSERVATION, TARGET, 2, 20)
    assert torch.equal(whole.network.weights, other.network.weights)
