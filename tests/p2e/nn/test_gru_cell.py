"""The recurrent unit against torch.nn.GRUCell, whose gates are in the order reset, update, new."""

import pytest
import torch
from jaxtyping import TypeCheckError
from torch import nn

from p2e.nn.generators import SeedGenerators
from p2e.nn.gru_cell import GRUCell


def plain_cell(cell: GRUCell, seed: int) -> nn.GRUCell:
    """PyTorch's unit with the weights of one seed."""
    plain = nn.GRUCell(cell.from_input.in_features, cell.memory_size)
    with torch.no_grad():
        plain.weight_ih.copy_(cell.from_input.weight[seed].T)
        plain.bias_ih.copy_(cell.from_input.bias[seed, 0])
        plain.weight_hh.copy_(cell.from_memory.weight[seed].T)
        plain.bias_hh.copy_(cell.from_memory.bias[seed, 0])
    return plain


def test_ten_steps_equal_pytorch() -> None:
    cell = GRUCell(3, 5, SeedGenerators([0, 1], "weights"))
    with torch.no_grad():  # larger weights than the initial ones, so that the gates open and close
        for parameter in cell.parameters():
            parameter.mul_(4)
    noise = torch.Generator().manual_seed(0)
    memory = torch.randn(2, 4, 5, generator=noise)
    expected = [memory[0], memory[1]]
    cells = [plain_cell(cell, 0), plain_cell(cell, 1)]
    for _ in range(10):
        x = torch.randn(2, 4, 3, generator=noise)
        memory = cell(x, memory)
        expected = [plain(x[i], expected[i]) for i, plain in enumerate(cells)]
        torch.testing.assert_close(memory, torch.stack(expected))


def test_an_open_update_gate_keeps_the_memory() -> None:
    cell = GRUCell(2, 3, SeedGenerators([0], "weights"))
    with torch.no_grad():
        cell.from_input.bias[..., 3:6] = 100.0  # the update gate, the second third
    memory = torch.tensor([[[0.3, -0.7, 5.0]]])
    torch.testing.assert_close(cell(torch.ones(1, 1, 2), memory), memory)


def test_shapes_that_disagree_are_refused_by_the_annotations() -> None:
    cell = GRUCell(3, 5, SeedGenerators([0, 1], "weights"))
    with pytest.raises(TypeCheckError, match="memory"):
        cell(torch.zeros(2, 4, 3), torch.zeros(2, 6, 5))
