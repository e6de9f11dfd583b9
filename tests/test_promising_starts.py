"""Of the candidates of each start, the one that is worth most."""

import torch

from p2e.exploration.latent_imagination import best_of_each


def test_the_best_of_each_group_of_each_seed() -> None:
    values = torch.tensor([[3.0, 1.0, 2.0, 0.0, -1.0, 5.0], [0.0, 0.0, 9.0, -3.0, -2.0, -4.0]])
    assert best_of_each(values, starts=2).tolist() == [[0, 5], [2, 4]]
    assert best_of_each(values, starts=6).tolist() == [[0, 1, 2, 3, 4, 5]] * 2
