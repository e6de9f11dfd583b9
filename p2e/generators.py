"""Random streams: one a seed, so that no seed's numbers depend on which others run beside it."""

from collections.abc import Sequence
from zlib import crc32

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor


def derived_seed(seed: int, stream: str) -> int:
    """A 63-bit seed for one named stream of one run; different names give independent streams."""
    words = np.random.SeedSequence([seed, crc32(stream.encode())]).generate_state(2)
    return int(words[0]) << 31 ^ int(words[1])


class SeedGenerators:
    """One torch generator a seed. Draws come back with the seed axis first.

    Seed 3 draws the same numbers whether it runs alone or in a group.
    """

    def __init__(
        self, seeds: Sequence[int], stream: str, device: torch.device | str = "cpu"
    ) -> None:
        self.device = torch.device(device)
        self._generators = [
            torch.Generator(self.device).manual_seed(derived_seed(seed, stream)) for seed in seeds
        ]

    def __len__(self) -> int:
        return len(self._generators)

    def _empty(self, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        return torch.empty((len(self), *shape), dtype=dtype, device=self.device)

    def normal(self, *shape: int) -> Float[Tensor, "S ..."]:
        """Standard normal draws of shape (S, *shape)."""
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

    def state_dict(self) -> dict[str, Tensor]:
        return {str(i): g.get_state() for i, g in enumerate(self._generators)}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        if len(state) != len(self):
            raise ValueError(f"saved random streams are {len(state)}, expected {len(self)}")
        for i, generator in enumerate(self._generators):
            generator.set_state(state[str(i)].cpu())
