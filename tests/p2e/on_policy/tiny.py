"""Small policies in double precision, whose Fisher matrices can be written down."""

import torch
from torch import Tensor

from p2e.nn.generators import SeedGenerators
from p2e.on_policy.gaussian_policy import Gaussian, GaussianPolicy

SEEDS, ROWS, OBSERVATIONS, ACTIONS = (3, 8), 40, 3, 2


def random(*shape: int, seed: int = 0) -> Tensor:
    """Standard normal numbers."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def tiny_policy(seeds: tuple[int, ...] = SEEDS, hidden: tuple[int, ...] = (4, 3)) -> GaussianPolicy:
    """With weights and standard deviations that are far from those that training starts with."""
    generators = SeedGenerators(seeds, "weights")
    policy = GaussianPolicy(OBSERVATIONS, ACTIONS, hidden, generators).double()
    moved = [
        policy.vector()[row] + 0.3 * random(policy.vector().shape[1], seed=s)
        for row, s in enumerate(seeds)
    ]
    policy.load_vector(torch.stack(moved))
    return policy


def of_vector(policy: GaussianPolicy, row: int, vector: Tensor, observation: Tensor) -> Gaussian:
    """One seed's Gaussian by autograd's own operators, as a function of its parameters (P,)."""
    weights, log_std = vector[:-ACTIONS], vector[-ACTIONS:]
    layers = policy.network.as_layers(weights)
    rows = observation[row]
    for layer in layers[:-1]:
        rows = torch.tanh(rows @ layer.weight + layer.bias)
    mean = rows @ layers[-1].weight + layers[-1].bias
    return Gaussian(mean.unsqueeze(0), log_std.view(1, 1, -1))


def fisher_matrix(policy: GaussianPolicy, row: int, observation: Tensor) -> Tensor:
    """The Hessian (P, P) of one seed's mean KL divergence from its own policy, by autograd."""
    start = policy.vector()[row]
    old = of_vector(policy, row, start, observation)

    def divergence(vector: Tensor) -> Tensor:
        return old.divergence(of_vector(policy, row, vector, observation)).squeeze()

    matrix: Tensor = torch.autograd.functional.hessian(divergence, start)
    return matrix
