"""The natural gradient of the surrogate objective (Kakade 2002; Schulman et al. 2015, appendix C,
arXiv:1502.05477).

F is the Fisher matrix of the policy, averaged over the states of a rollout: the Hessian of the mean
KL divergence from the old policy, at the old policy. With M the Hessian of the KL divergence of two
Gaussians in their means and log standard deviations, and J the Jacobian of these, it is
F = J^T M J: products with F need no second derivative of the network.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.nn.batched_mlp import Tape
from p2e.on_policy.gaussian_policy import Gaussian, GaussianPolicy

Product = Callable[[Tensor], Tensor]  # (S, P) to (S, P)

SMALLEST_RESIDUAL = 1e-10  # a squared residual below it is solved, as in Schulman's own code


def surrogate_gradient(
    policy: GaussianPolicy,
    old: Gaussian,
    tape: Tape,
    action: Float[Tensor, "S B A"],
    advantage: Float[Tensor, "S B"],
) -> Float[Tensor, "S P"]:
    """The gradient at the old policy of the mean of ratio * advantage (equation 14).

    The ratio of new to old probability is 1 there, and its gradient that of the log-probability.
    """
    scores = (action - old.mean) * (-old.log_std).exp()
    weight = advantage.unsqueeze(-1) / advantage.shape[1]
    of_mean = weight * scores * (-old.log_std).exp()
    of_log_std = (weight * (scores.square() - 1.0)).sum(dim=1, keepdim=True)
    return policy.gradient(tape, of_mean, of_log_std)


def fisher_product(policy: GaussianPolicy, old: Gaussian, tape: Tape, damping: float) -> Product:
    """The function v -> (F + damping * 1) v, for each seed."""
    precision = (-2 * old.log_std).exp() / old.mean.shape[1]

    def multiply(vector: Float[Tensor, "S P"]) -> Float[Tensor, "S P"]:
        weights, log_std = policy.split(vector)
        change = policy.network.tangent(tape, weights)  # of the means
        # M is 1 / std^2 for a mean, and 2 for a log standard deviation, which no state changes.
        return policy.gradient(tape, precision * change, 2 * log_std) + damping * vector

    return multiply


def conjugate_gradients(
    product: Product, right: Float[Tensor, "S P"], steps: int
) -> Float[Tensor, "S P"]:
    """The approximate solution x of `product(x) = right` for each seed (Hestenes & Stiefel 1952).

    Args:
        product: with a symmetric positive definite matrix of each seed.
        steps: at most so many; a seed that is solved stands still while others go on.
    """
    solution, residual, direction = torch.zeros_like(right), right.clone(), right.clone()
    square = _dot(residual, residual)
    for _ in range(steps):
        active = square > SMALLEST_RESIDUAL
        if not bool(active.any()):
            break
        image = product(direction)
        length = _ratio(square, _dot(direction, image), active)
        solution = solution + length * direction
        residual = residual - length * image
        following = torch.where(active, _dot(residual, residual), square)
        direction = torch.where(
            active, residual + _ratio(following, square, active) * direction, direction
        )
        square = following
    return solution


def natural_step(
    product: Product, gradient: Float[Tensor, "S P"], steps: int, max_kl: float
) -> Float[Tensor, "S P"]:
    """The step along F^-1 g at whose end the KL divergence is `max_kl`, to second order.

    For a direction s it is sqrt(2 max_kl / s^T F s) s (Schulman et al. 2015, appendix C). A seed
    without a gradient stays where it is.
    """
    direction = conjugate_gradients(product, gradient, steps)
    curvature = _dot(direction, product(direction))
    moves = curvature > 0
    length = (2 * max_kl / torch.where(moves, curvature, 1.0)).sqrt()
    return torch.where(moves, length, 0.0) * direction


def _dot(left: Float[Tensor, "S P"], right: Float[Tensor, "S P"]) -> Float[Tensor, "S 1"]:
    return (left * right).sum(dim=1, keepdim=True)


def _ratio(above: Tensor, below: Tensor, where: Tensor) -> Tensor:
    return torch.where(where, above / torch.where(where, below, 1.0), 0.0)
