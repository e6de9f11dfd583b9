"""Measures a core: floating-point operations per second of large float32 matrix products."""

import torch

from operation_count import product_operations, product_seconds
from protocol import serve

SIZE = 2048


def describe() -> dict[str, object]:
    torch.set_num_threads(1)
    product_seconds(SIZE, 3)
    return {"system": "torch.mm", "version": f"torch {torch.__version__}", "size": SIZE}


def measure(products: int) -> dict[str, float]:
    return {"seconds": product_seconds(SIZE, products), "operations": product_operations(SIZE)}


if __name__ == "__main__":
    serve(describe, measure)
