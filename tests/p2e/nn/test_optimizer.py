"""Adam over stacked seeds against torch.optim.Adam on each seed alone."""

import io
import math

import pytest
import torch
from torch import Tensor, nn

from p2e.nn.batched_linear import BatchedLinear
from p2e.nn.batched_mlp import BatchedMLP
from p2e.nn.generators import SeedGenerators
from p2e.nn.optimizer import LearningRateSchedule, SeedOptimizer, clipped, gradient_norms


def parameters_of(seeds: int = 3) -> list[nn.Parameter]:
    random = torch.Generator().manual_seed(0)
    shapes = [(seeds, 4, 5), (seeds, 1, 5), (seeds, 2, 3, 2)]
    return [nn.Parameter(torch.randn(shape, generator=random)) for shape in shapes]


def losses_of(parameters: list[nn.Parameter], weights: Tensor) -> Tensor:
    """One smooth loss per seed: `weights` times a function of all parameters."""
    total = torch.zeros_like(weights)
    for number, parameter in enumerate(parameters):
        total = total + (parameter * (number + 1.0)).cos().flatten(1).sum(dim=1)
    return weights * total


def alone(parameters: list[nn.Parameter], seed: int) -> list[nn.Parameter]:
    return [nn.Parameter(parameter.detach()[seed : seed + 1].clone()) for parameter in parameters]


@pytest.mark.parametrize("clip_norm", [None, 1.5])
def test_every_seed_steps_like_adam_alone(clip_norm: float | None) -> None:
    weights = torch.tensor([1.0, 1000.0, 0.01])  # unlimited, always clipped, never clipped
    stacked = parameters_of()
    expected = [alone(stacked, seed) for seed in range(3)]
    optimizer = SeedOptimizer(stacked, 1e-2, clip_norm)
    plain = [torch.optim.Adam(parameters, lr=1e-2) for parameters in expected]
    for _ in range(5):
        optimizer.step(losses_of(stacked, weights))
        for seed, adam in enumerate(plain):
            adam.zero_grad()
            losses_of(expected[seed], weights[seed : seed + 1]).sum().backward()
            if clip_norm is not None:
                nn.utils.clip_grad_norm_(expected[seed], clip_norm)
            adam.step()
    for seed in range(3):
        for many, one in zip(stacked, expected[seed], strict=True):
            torch.testing.assert_close(many.detach()[seed], one.detach()[0], rtol=1e-5, atol=1e-6)


def test_one_seeds_huge_gradient_leaves_the_others_as_they_were() -> None:
    calm, wild = parameters_of(), parameters_of()
    calm_norms = SeedOptimizer(calm, 1e-2, 0.5).step(losses_of(calm, torch.ones(3)))
    loss = losses_of(wild, torch.tensor([1.0, 1e20, 1.0]))
    wild_norms = SeedOptimizer(wild, 1e-2, 0.5).step(loss)
    for a, b in zip(calm, wild, strict=True):
        for seed in (0, 2):
            assert torch.equal(a[seed], b[seed])
    assert torch.equal(calm_norms[[0, 2]], wild_norms[[0, 2]])
    assert float(wild_norms[1]) > 1e19


def test_a_seed_without_finite_gradient_leaves_the_others_as_they_were() -> None:
    calm, broken = parameters_of(), parameters_of()
    SeedOptimizer(calm, 1e-2, 0.5).step(losses_of(calm, torch.ones(3)))
    loss = losses_of(broken, torch.tensor([1.0, math.nan, 1.0]))
    SeedOptimizer(broken, 1e-2, 0.5).step(loss)
    for a, b in zip(calm, broken, strict=True):
        assert torch.equal(a[[0, 2]], b[[0, 2]]) and bool(b[1].isnan().all())


def test_clipping_reaches_the_stated_norm_and_never_stretches() -> None:
    parameters = parameters_of()
    losses = losses_of(parameters, torch.tensor([1.0, 100.0, 1e-3]))
    gradients = torch.autograd.grad(losses.sum(), parameters)
    norms = gradient_norms(gradients)
    after = gradient_norms(clipped(gradients, norms, 0.5))
    assert bool((norms[:2] > 0.5).all()) and float(norms[2]) < 0.5
    torch.testing.assert_close(after, torch.tensor([0.5, 0.5, float(norms[2])]))


def test_the_norm_runs_over_all_parameters_of_a_seed() -> None:
    gradients = [torch.tensor([[3.0], [0.0]]), torch.tensor([[[0.0, 4.0]], [[6.0, 8.0]]])]
    assert torch.equal(gradient_norms(gradients), torch.tensor([5.0, 10.0]))


def test_gradients_that_share_memory_are_clipped_once() -> None:
    a, b = nn.Parameter(torch.ones(2, 3)), nn.Parameter(torch.ones(2, 3))
    gradients = torch.autograd.grad((a + b).square().sum(), [a, b])
    assert gradients[0] is gradients[1]  # what autograd gives for a sum
    norms = gradient_norms(clipped(gradients, gradient_norms(gradients), 0.1))
    torch.testing.assert_close(norms, torch.full((2,), 0.1))


@pytest.mark.parametrize("clip_norm", [None, 0.5])
def test_a_gradient_that_is_one_number_seen_many_times(clip_norm: float | None) -> None:
    parameter = nn.Parameter(torch.zeros(3, 64))
    optimizer = SeedOptimizer([parameter], 0.1, clip_norm)
    norms = optimizer.step(parameter.sum(dim=1) * torch.tensor([1.0, -2.0, 3.0]))
    torch.testing.assert_close(norms, torch.tensor([8.0, 16.0, 24.0]))
    expected = torch.tensor([[-0.1], [0.1], [-0.1]]).expand(3, 64)
    torch.testing.assert_close(parameter.detach(), expected)


def test_a_transposed_gradient_reaches_the_right_weights() -> None:
    parameter = nn.Parameter(torch.zeros(2, 3, 5))
    slopes = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0))
    SeedOptimizer([parameter], 0.1).step((parameter.transpose(1, 2) * slopes).sum(dim=(1, 2)))
    torch.testing.assert_close(parameter.detach(), -0.1 * slopes.sign().transpose(1, 2))


def test_a_batch_of_one_row_is_clipped_by_the_norm() -> None:
    generators = SeedGenerators([0, 1], "weights")
    one, two = (BatchedLinear((2,), 3, 4, generators) for _ in range(2))
    parameters = [*one.parameters(), *two.parameters()]
    x = torch.ones(2, 1, 3)
    gradients = torch.autograd.grad((one(x) + two(x)).sum(), parameters)
    norms = gradient_norms(clipped(gradients, gradient_norms(gradients), 0.1))
    torch.testing.assert_close(norms, torch.full((2,), 0.1), rtol=1e-4, atol=0)


def test_first_step_by_hand() -> None:
    parameter = nn.Parameter(torch.tensor([[1.0], [1.0]]))
    optimizer = SeedOptimizer([parameter], learning_rate=0.1)
    norms = optimizer.step((parameter * torch.tensor([[2.0], [-0.003]])).sum(dim=1))
    # Adam's first step is the learning rate times the sign of the gradient.
    torch.testing.assert_close(parameter.detach(), torch.tensor([[0.9], [1.1]]))
    torch.testing.assert_close(norms, torch.tensor([2.0, 0.003]))


def test_gradients_do_not_accumulate_and_stay_out_of_other_parameters() -> None:
    parameter, other = nn.Parameter(torch.ones(1, 2)), nn.Parameter(torch.ones(1, 2))
    optimizer = SeedOptimizer([parameter], 1e-2)
    for _ in range(3):
        norms = optimizer.step((parameter * 3.0 * other.detach() + other).sum(dim=1))
        torch.testing.assert_close(norms, torch.tensor([math.sqrt(18)]))
    assert other.grad is None and torch.equal(other.detach(), torch.ones(1, 2))


def test_schedule_by_hand() -> None:
    schedule = LearningRateSchedule(warmup_updates=4, total_updates=12, final_fraction=0.2)
    expected = {0: 0.25, 1: 0.5, 2: 0.75, 3: 1.0, 4: 1.0, 8: 0.6, 12: 0.2, 13: 0.2, 1000: 0.2}
    expected[6] = 0.2 + 0.8 * (1 + math.sqrt(0.5)) / 2  # a quarter of the way: cos(pi / 4)
    for update, factor in expected.items():
        assert schedule.factor(update) == pytest.approx(factor, abs=1e-12)
    rising = LearningRateSchedule(warmup_updates=2)
    assert [rising.factor(update) for update in range(4)] == [0.5, 1.0, 1.0, 1.0]
    assert LearningRateSchedule().factor(0) == 1.0
    assert LearningRateSchedule(0, 1, 0.0).factor(1) == pytest.approx(0.0)


def test_the_schedule_scales_the_steps() -> None:
    parameter = nn.Parameter(torch.zeros(1, 1, dtype=torch.float64))
    schedule = LearningRateSchedule(warmup_updates=2, total_updates=4, final_fraction=0.0)
    optimizer = SeedOptimizer([parameter], 0.1, schedule=schedule)
    positions = []
    for _ in range(5):
        optimizer.step(-parameter.sum(dim=1))  # a constant gradient: every step is the rate
        positions.append(float(parameter.detach()))
    assert positions == pytest.approx([0.05, 0.15, 0.25, 0.3, 0.3], abs=1e-6)


def test_weight_decay_groups_match_adam() -> None:
    stacked = parameters_of(2)
    expected = [nn.Parameter(p.detach().clone()) for p in stacked]
    decays = [torch.tensor(decay) for decay in (0.0, 0.3, 0.3)]
    optimizer = SeedOptimizer(stacked, 1e-2, weight_decays=decays)
    adam = torch.optim.Adam(
        [
            {"params": expected[:1], "weight_decay": 0.0},
            {"params": expected[1:], "weight_decay": 0.3},
        ],
        lr=1e-2,
    )
    for _ in range(4):
        optimizer.step(losses_of(stacked, torch.ones(2)))
        adam.zero_grad()
        losses_of(expected, torch.ones(2)).sum().backward()
        adam.step()
    for a, b in zip(stacked, expected, strict=True):
        torch.testing.assert_close(a.detach(), b.detach())
    undecayed = parameters_of(2)
    plain = SeedOptimizer(undecayed, 1e-2)
    for _ in range(4):
        plain.step(losses_of(undecayed, torch.ones(2)))
    assert torch.equal(stacked[0], undecayed[0]) and not torch.equal(stacked[1], undecayed[1])


def test_a_generator_of_parameters_is_enough() -> None:
    network = BatchedMLP((2,), [3, 4, 1], SeedGenerators([0, 1], "weights"))
    optimizer = SeedOptimizer(network.parameters(), 1e-2)
    assert len(optimizer.parameters) == 1


def test_a_restored_optimizer_goes_on_bit_for_bit() -> None:
    schedule = LearningRateSchedule(2, 8)
    parameters = parameters_of()
    optimizer = SeedOptimizer(parameters, 1e-2, 1.0, schedule)
    for _ in range(3):
        optimizer.step(losses_of(parameters, torch.ones(3)))
    file = io.BytesIO()
    torch.save(optimizer.state_dict(), file)
    file.seek(0)
    copies = [nn.Parameter(parameter.detach().clone()) for parameter in parameters]
    restored = SeedOptimizer(copies, 1e-2, 1.0, schedule)
    restored.load_state_dict(torch.load(file, weights_only=True))
    for _ in range(3):
        optimizer.step(losses_of(parameters, torch.ones(3)))
        restored.step(losses_of(copies, torch.ones(3)))
    for a, b in zip(parameters, copies, strict=True):
        assert torch.equal(a, b)
