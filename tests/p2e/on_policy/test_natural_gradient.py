"""Products with the Fisher matrix, conjugate gradients and the step, against dense solutions."""

import pytest
import torch
from torch import Tensor

from p2e.nn.compilation import compile_networks
from p2e.on_policy.natural_gradient import (
    Product,
    conjugate_gradients,
    fisher_product,
    natural_step,
    surrogate_gradient,
)
from tests.conftest import needs_a_compiler
from tests.p2e.on_policy.tiny import (
    ACTIONS,
    OBSERVATIONS,
    ROWS,
    SEEDS,
    fisher_matrix,
    of_vector,
    random,
    tiny_policy,
)

DAMPING, MAX_KL = 0.1, 0.01
OBSERVATION = random(len(SEEDS), ROWS, OBSERVATIONS)
ACTION = random(len(SEEDS), ROWS, ACTIONS, seed=1)
ADVANTAGE = random(len(SEEDS), ROWS, seed=2)


@pytest.mark.parametrize("hidden", [(4, 3), (1,), ()])
def test_products_are_those_with_the_fisher_matrix_of_autograd(hidden: tuple[int, ...]) -> None:
    policy = tiny_policy(hidden=hidden)
    old, tape = policy.record(OBSERVATION)
    vector = random(*policy.vector().shape, seed=4)
    product = fisher_product(policy, old, tape, DAMPING)(vector)
    for row in range(len(SEEDS)):
        matrix = fisher_matrix(policy, row, OBSERVATION)
        torch.testing.assert_close(product[row], matrix @ vector[row] + DAMPING * vector[row])


def test_the_gradient_is_that_of_the_surrogate_objective() -> None:
    policy = tiny_policy()
    old, tape = policy.record(OBSERVATION)
    gradient = surrogate_gradient(policy, old, tape, ACTION, ADVANTAGE)
    for row in range(len(SEEDS)):
        vector = policy.vector()[row].requires_grad_()
        new = of_vector(policy, row, vector, OBSERVATION)
        log_ratio = new.log_probability(ACTION[row : row + 1])
        log_ratio = log_ratio - old.log_probability(ACTION)[row]
        objective = (log_ratio.exp() * ADVANTAGE[row]).mean()
        torch.testing.assert_close(gradient[row], torch.autograd.grad(objective, vector)[0])


def test_the_step_is_that_of_a_dense_solve() -> None:
    policy = tiny_policy()
    old, tape = policy.record(OBSERVATION)
    # A step's length does not depend on the gradient's, which decides when the solution is close.
    gradient = 1e4 * surrogate_gradient(policy, old, tape, ACTION, ADVANTAGE)
    product = fisher_product(policy, old, tape, DAMPING)
    step = natural_step(product, gradient, steps=200, max_kl=MAX_KL)
    for row in range(len(SEEDS)):
        matrix = fisher_matrix(policy, row, OBSERVATION)
        matrix = matrix + DAMPING * torch.eye(len(matrix), dtype=matrix.dtype)
        direction = torch.linalg.solve(matrix, gradient[row])
        scale = (2 * MAX_KL / (direction @ matrix @ direction)).sqrt()
        torch.testing.assert_close(step[row], scale * direction, rtol=1e-6, atol=1e-9)
        quadratic = 0.5 * step[row] @ matrix @ step[row]
        torch.testing.assert_close(quadratic, torch.tensor(MAX_KL, dtype=torch.float64))


def test_the_kl_divergence_of_a_short_step_is_its_quadratic_form() -> None:
    """So that the KL divergence, its Hessian and the step's length have the same unit."""
    policy = tiny_policy()
    old, tape = policy.record(OBSERVATION)
    gradient = surrogate_gradient(policy, old, tape, ACTION, ADVANTAGE)
    step = natural_step(fisher_product(policy, old, tape, DAMPING), gradient, 100, max_kl=1e-7)
    quadratic = 0.5 * (step * fisher_product(policy, old, tape, 0.0)(step)).sum(dim=1)
    policy.load_vector(policy.vector() + step)
    new = policy(OBSERVATION)
    torch.testing.assert_close(old.divergence(new).detach(), quadratic, rtol=0.01, atol=0.0)
    assert (quadratic > 0.3e-7).all() and (quadratic < 1e-7).all()


def dense_product(matrices: Tensor) -> Product:
    return lambda vector: (matrices @ vector.unsqueeze(-1)).squeeze(-1)


def positive_definite(size: int) -> Tensor:
    root = random(2, size, size, seed=7)
    return root @ root.mT + torch.eye(size, dtype=torch.float64)


def test_conjugate_gradients_solve_in_as_many_steps_as_there_are_unknowns() -> None:
    matrices, right = positive_definite(6), random(2, 6, seed=8)
    expected = torch.linalg.solve(matrices, right)
    solved = conjugate_gradients(dense_product(matrices), right, steps=6)
    torch.testing.assert_close(solved, expected, rtol=1e-5, atol=1e-5)
    unfinished = conjugate_gradients(dense_product(matrices), right, steps=3)
    assert not torch.allclose(unfinished, expected, rtol=1e-2)


def test_a_seed_that_is_solved_waits_for_the_others() -> None:
    """The identity is solved in one step; a further step there would divide 0 by 0."""
    matrices, right = positive_definite(6), random(2, 6, seed=8)
    matrices[0] = torch.eye(6)
    right[0] *= 1e-3
    solved = conjugate_gradients(dense_product(matrices), right, steps=20)
    assert torch.equal(solved[0], right[0])
    torch.testing.assert_close(solved, torch.linalg.solve(matrices, right))


def test_a_seed_without_a_gradient_does_not_move() -> None:
    matrices, gradient = positive_definite(6), random(2, 6, seed=8)
    gradient[0] = 0.0
    step = natural_step(dense_product(matrices), gradient, steps=10, max_kl=MAX_KL)
    assert not step[0].any() and step[1].all()


def test_a_seed_steps_alike_alone_and_in_a_group() -> None:
    steps = []
    for seeds, rows in ((SEEDS, slice(None)), (SEEDS[1:], slice(1, None))):
        policy = tiny_policy(seeds).float()
        old, tape = policy.record(OBSERVATION[rows].float())
        action, advantage = ACTION[rows].float(), ADVANTAGE[rows].float()
        gradient = surrogate_gradient(policy, old, tape, action, advantage)
        product = fisher_product(policy, old, tape, DAMPING)
        steps.append(natural_step(product, gradient, steps=15, max_kl=MAX_KL))
    assert torch.equal(steps[0][1:], steps[1])


@needs_a_compiler
def test_the_kernels_in_cpp_are_not_asked() -> None:
    """They know no tanh."""
    outputs = []
    for compiled in (False, True):
        compile_networks(compiled)
        policy = tiny_policy().float()
        old, tape = policy.record(OBSERVATION.float())
        vector = random(*policy.vector().shape, seed=4).float()
        outputs.append(fisher_product(policy, old, tape, DAMPING)(vector))
    assert torch.equal(*outputs)
