"""Ensembles: members are independent, and each is trained on different rows."""

import torch

from p2e.nn.ensemble import Ensemble, bootstrap_rows, take_rows
from p2e.nn.generators import SeedGenerators


def random_rows(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def test_identical_members_agree_and_initial_members_do_not() -> None:
    ensemble = Ensemble(4, [3, 8, 2], SeedGenerators([0, 1], "weights"))
    x = random_rows(2, 5, 3)
    apart = ensemble.predict_each(x)
    assert apart.shape == (2, 4, 5, 2)
    assert bool((apart.var(dim=1) > 0).all())
    with torch.no_grad():
        for parameter in ensemble.parameters():
            parameter.copy_(parameter[:, :1].expand_as(parameter).clone())
    together = ensemble.predict_each(x)
    for member in range(4):
        assert torch.equal(together[:, member], together[:, 0])
    torch.testing.assert_close(together[:, 0], apart[:, 0])


def test_each_member_predicts_with_its_own_weights() -> None:
    ensemble = Ensemble(3, [2, 1], SeedGenerators([0, 1], "weights"))
    (layer,) = ensemble.layers
    x = random_rows(2, 4, 2)
    prediction = ensemble.predict_each(x)
    for seed in range(2):
        for member in range(3):
            expected = x[seed] @ layer.weight[seed, member] + layer.bias[seed, member]
            torch.testing.assert_close(prediction[seed, member], expected)


def test_bootstrap_rows_differ_between_members_and_seeds_and_repeat() -> None:
    rows = bootstrap_rows(SeedGenerators([0, 1], "bootstrap"), 3, 50, 50)
    assert rows.shape == (2, 3, 50)
    assert int(rows.min()) >= 0 and int(rows.max()) < 50
    streams = rows.flatten(0, 1)
    for i in range(6):
        assert 20 < len(streams[i].unique()) < 45  # with replacement: about 63% of 50
        for j in range(i):
            assert int((streams[i] == streams[j]).sum()) < 8
    alone = bootstrap_rows(SeedGenerators([1], "bootstrap"), 3, 50, 50)
    assert torch.equal(alone[0], rows[1])


def test_members_take_their_own_rows() -> None:
    x = torch.arange(2 * 4).view(2, 4, 1) * torch.tensor([1.0, -10.0])  # row r of seed s: 4 s + r
    rows = torch.tensor([[[0, 3], [1, 1], [2, 0]], [[3, 3], [0, 1], [2, 2]]])
    taken = take_rows(x, rows)
    expected = torch.tensor([[[0, 3], [1, 1], [2, 0]], [[7, 7], [4, 5], [6, 6]]])
    assert torch.equal(taken[..., 0], expected.float())
    assert torch.equal(taken[..., 1], -10.0 * expected)


def test_a_members_loss_reaches_only_that_member() -> None:
    ensemble = Ensemble(3, [2, 4, 1], SeedGenerators([0, 1], "weights"))
    ensemble.predict_each(random_rows(2, 4, 2))[1, 2].square().sum().backward()
    for parameter in ensemble.parameters():
        assert parameter.grad is not None
        touched = parameter.grad.flatten(2).abs().sum(-1) > 0
        assert touched.tolist() == [[False] * 3, [False, False, True]]
