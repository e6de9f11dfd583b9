"""Random streams: one per seed, so that a seed's numbers do not depend on the other seeds."""

from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from typing import Any
from zlib import crc32

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor


def derived_seed(seed: int, stream: str) -> int:
    """A 63-bit seed for one named stream of one run; different names give independent streams."""
    words = np.random.SeedSequence([seed, crc32(stream.encode())]).generate_state(2)
    return int(words[0]) << 31 ^ int(words[1])


# Numbers of a seed that a GPU draws at once: there every draw of every seed is a launch of its own.
DRAWN_AHEAD_ON_A_GPU = 2**16

# `random_` draws from here where the bound is not known yet; the bias of the remainder is below
# 2^-40 for all that is held in memory.
ANY_INTEGER = 2**62


class SeedGenerators:
    """One torch generator a seed. Draws come back with the seed axis first.

    Seed 3 draws the same numbers whether it runs alone or in a group.

    Args:
        ahead: how many normal numbers or integers of a seed to draw at once, if these are more
            than are asked for; what is left is handed out later to whoever asks for the same shape.
            None for what is fast on the device.
    """

    def __init__(
        self,
        seeds: Sequence[int],
        stream: str,
        device: torch.device | str = "cpu",
        ahead: int | None = None,
    ) -> None:
        self.device = torch.device(device)
        self._generators = [
            torch.Generator(self.device).manual_seed(derived_seed(seed, stream)) for seed in seeds
        ]
        on_a_gpu = DRAWN_AHEAD_ON_A_GPU if self.device.type == "cuda" else 0
        self._ahead = on_a_gpu if ahead is None else ahead
        self._left: dict[str, Tensor] = {}  # name and shape of the draws -> (S, draws, *shape)

    def __len__(self) -> int:
        return len(self._generators)

    def _empty(self, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        return torch.empty((len(self), *shape), dtype=dtype, device=self.device)

    def normal(self, *shape: int) -> Float[Tensor, "S ..."]:
        """Standard normal draws of shape (S, *shape)."""
        return self._drawn_ahead("normal", shape, self._normal)

    def _normal(self, *shape: int) -> Tensor:
        draws = self._empty(shape, torch.float32)
        for row, generator in zip(draws, self._generators, strict=True):
            row.normal_(generator=generator)
        return draws

    def uniform(self, low: float, high: float, *shape: int) -> Float[Tensor, "S ..."]:
        """Uniform draws in [low, high) of shape (S, *shape)."""
        draws = self._empty(shape, torch.float32)
        for row, generator in zip(draws, self._generators, strict=True):
            row.uniform_(low, high, generator=generator)
        return draws

    def integers(self, high: int, *shape: int) -> Int64[Tensor, "S ..."]:
        """Uniform integers in [0, high) of shape (S, *shape)."""
        if self._draws_at_once(shape) > 1:
            return self._drawn_ahead("integers", shape, partial(self._integers, ANY_INTEGER)) % high
        return self._integers(high, *shape)

    def _integers(self, high: int, *shape: int) -> Tensor:
        draws = self._empty(shape, torch.int64)
        for row, generator in zip(draws, self._generators, strict=True):
            row.random_(0, high, generator=generator)
        return draws

    def permutation(self, count: int) -> Int64[Tensor, "S count"]:
        """One random order of range(count) for each seed."""
        orders = [
            torch.randperm(count, generator=generator, device=self.device)
            for generator in self._generators
        ]
        return torch.stack(orders)

    def _draws_at_once(self, shape: tuple[int, ...]) -> int:
        return max(1, self._ahead // max(1, prod(shape)))

    def _drawn_ahead(
        self, name: str, shape: tuple[int, ...], draw: Callable[..., Tensor]
    ) -> Tensor:
        """The next draws of this name and shape, from those that are left where there are any."""
        at_once = self._draws_at_once(shape)
        if at_once == 1:
            return draw(*shape)
        key = f"{name} {shape}"
        left = self._left.get(key)
        if left is None or left.shape[1] == 0:
            left = draw(at_once, *shape)
        self._left[key] = left[:, 1:]
        return left[:, 0]

    def state_dict(self) -> dict[str, Any]:
        return {
            "generators": [generator.get_state() for generator in self._generators],
            "left": {key: left.clone() for key, left in self._left.items()},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        saved = state["generators"]
        if len(saved) != len(self):
            raise ValueError(f"saved random streams are {len(saved)}, expected {len(self)}")
        for generator, value in zip(self._generators, saved, strict=True):
            generator.set_state(value.cpu())
        self._left = {key: left.to(self.device) for key, left in state["left"].items()}
