"""One network of a stack as plain torch.nn layers, for comparison."""

from collections.abc import Callable

from torch import Tensor, nn

from p2e.nn.batched_mlp import BatchedMLP


class NormReLU(nn.Module):
    """ReLU of what layer normalisation without weights leaves."""

    def forward(self, x: Tensor) -> Tensor:
        return norm_relu(x)


def norm_relu(x: Tensor) -> Tensor:
    return nn.functional.layer_norm(x, x.shape[-1:]).relu()


def plain_network(
    network: BatchedMLP, index: tuple[int, ...], activation: Callable[[], nn.Module] = nn.ReLU
) -> nn.Sequential:
    """The network at an index of the leading axes, with a copy of its weights."""
    modules: list[nn.Module] = []
    for number, layer in enumerate(network.layers):
        weight, bias = layer.weight.data[index], layer.bias.data[index]
        linear = nn.Linear(weight.shape[0], weight.shape[1], dtype=weight.dtype)
        linear.weight.data.copy_(weight.T)
        linear.bias.data.copy_(bias.squeeze(0))
        modules.append(linear)
        if number < len(network.layers) - 1:
            modules.append(activation())
    return nn.Sequential(*modules)
