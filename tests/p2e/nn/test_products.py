"""Matrix products: float32, unless the process chooses less, and then only for wide ones."""

from collections.abc import Iterator

import pytest
import torch

from p2e.nn import products
from p2e.nn.products import WIDE, product

EPSILON = 2.0**-8  # of bfloat16, with rounding to nearest


@pytest.fixture
def medium(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process with reduced precision on a machine that is faster with it."""
    monkeypatch.setattr(products, "CPU_MULTIPLIES_BFLOAT16", True)
    products.round_products(True)
    yield
    products.round_products(False)


def factors(inner: int = WIDE, kind: torch.dtype = torch.float32) -> tuple[torch.Tensor, ...]:
    draw = torch.Generator().manual_seed(1)
    shapes = (2, WIDE, inner), (2, inner, WIDE), (2, 1, WIDE)
    return tuple(torch.randn(shape, generator=draw, dtype=kind) for shape in shapes)


def error(left: torch.Tensor, right: torch.Tensor, bias: torch.Tensor | None) -> float:
    """The largest error, in units of the product of the factors' sizes."""
    exact = left.double() @ right.double() + (0 if bias is None else bias.double())
    size = left.double().norm(dim=2, keepdim=True) * right.double().norm(dim=1, keepdim=True)
    return float(((product(left, right, bias) - exact).abs() / size).max())


@pytest.mark.parametrize("with_bias", [False, True])
def test_by_default_products_are_those_of_float32(with_bias: bool) -> None:
    left, right, bias = factors()
    assert error(left, right, bias if with_bias else None) < 1e-6


@pytest.mark.parametrize("with_bias", [False, True])
def test_reduced_precision_rounds_as_bfloat16_does(medium: None, with_bias: bool) -> None:
    left, right, bias = factors()
    result = product(left, right, bias if with_bias else None)
    assert result.dtype == torch.float32
    assert 1e-5 < error(left, right, bias if with_bias else None) < EPSILON


def test_narrow_products_and_other_kinds_of_numbers_are_not_rounded(medium: None) -> None:
    left, right, bias = factors(inner=WIDE - 1)
    assert error(left, right, bias) < 1e-6
    left, right, bias = factors(kind=torch.float64)
    assert error(left, right, bias) < 1e-14


def test_a_machine_that_does_not_gain_does_not_round(
    medium: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "CPU_MULTIPLIES_BFLOAT16", False)
    assert not products.rounds_products(torch.device("cpu"))
    assert error(*factors()) < 1e-6


def test_gradients_of_rounded_products_are_rounded_alike(medium: None) -> None:
    left, right, _ = factors()
    left.requires_grad_()
    product(left, right).sum().backward()
    expected = right.double().sum(dim=2, keepdim=True).mT.expand(left.shape)
    assert left.grad is not None and left.grad.dtype == torch.float32
    scale = right.norm(dim=2).max() * WIDE**0.5
    assert float((left.grad - expected).abs().max() / scale) < EPSILON
