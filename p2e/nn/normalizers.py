"""Running statistics of each seed: of observations, of their changes, and of a reward's scale."""

import operator
from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

SMALLEST_DEVIATION = 1e-6  # a feature that deviates less than this never varied
CONSTANT = 1e-3  # a feature whose steps change it by less, in its own unit, stays as it is
LARGEST_SCORE = 10.0  # no training row lies further from the mean than this many scales


class Derived:
    """A tensor that is computed from others when one of them has changed: statistics change once an
    update and are read a dozen times."""

    def __init__(self, compute: Callable[..., Tensor]) -> None:
        self._compute = compute
        self._sources: tuple[Tensor, ...] = ()
        self._versions: list[int] = []
        self._value: Tensor | None = None

    def of(self, *sources: Tensor) -> Tensor:
        """The tensor computed from these, which change in place only."""
        versions = [source._version for source in sources]
        same = self._versions == versions and all(map(operator.is_, self._sources, sources))
        if self._value is None or not same:
            self._sources, self._versions = sources, versions
            self._value = self._compute(*sources)
        return self._value


class RowScale(nn.Module):
    """Mean and scale of each feature of the training rows, one set a seed.

    The scale is the standard deviation, or a tenth of the largest deviation if that is more: one
    success among thousands of zero rewards would otherwise be a target of 50 standard deviations,
    whose gradient drowns that of all other rows. A feature that never varied has scale 0, so that
    `inverse` returns exactly its constant, and an unseen reward is imagined as exactly none.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, seeds: int, features: int, device: torch.device) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(seeds, 1, features, device=device))
        self.register_buffer("scale", torch.ones(seeds, 1, features, device=device))

    @torch.no_grad()
    def fit(self, rows: Float[Tensor, "S B F"]) -> None:
        """Forget the old statistics and take those of these rows."""
        self.mean.copy_(rows.mean(dim=1, keepdim=True))
        deviation = rows - self.mean
        largest = deviation.abs().amax(dim=1, keepdim=True)
        standard = deviation.square().mean(dim=1, keepdim=True).sqrt()
        scale = torch.maximum(standard, largest / LARGEST_SCORE)
        self.scale.copy_(scale.masked_fill(largest < SMALLEST_DEVIATION, 0.0))

    def forward(self, rows: Float[Tensor, "S B F"]) -> Float[Tensor, "S B F"]:
        """Rows in units of the scale; a feature that never varied is only shifted."""
        return (rows - self.mean) / torch.where(self.scale > 0, self.scale, 1.0)

    def inverse(self, rows: Float[Tensor, "S B F"]) -> Float[Tensor, "S B F"]:
        """Back to the units of the training rows."""
        return rows * self.scale + self.mean


def symlog(x: Tensor) -> Tensor:
    """sign(x) log(1 + |x|)."""
    return torch.sign(x) * torch.log1p(x.abs())


def symexp(x: Tensor) -> Tensor:
    """Inverse of symlog."""
    return torch.sign(x) * torch.expm1(x.abs())


class RewardRange(nn.Module):
    """The smallest and the largest reward of each of S seeds."""

    low: Tensor
    high: Tensor

    def __init__(self, seeds: int, device: torch.device | str = "cpu") -> None:
        super().__init__()
        self.register_buffer("low", torch.full((seeds, 1), torch.inf, device=device))
        self.register_buffer("high", torch.full((seeds, 1), -torch.inf, device=device))

    @torch.no_grad()
    def update(self, reward: Float[Tensor, "S N"]) -> None:
        """Take in the rewards of one more step."""
        low, high = reward.aminmax(dim=1, keepdim=True)
        torch.minimum(self.low, low, out=self.low)
        torch.maximum(self.high, high, out=self.high)

    def forward(self, reward: Float[Tensor, "S B"]) -> Float[Tensor, "S B"]:
        """Rewards moved into the range; as they are before the first update."""
        return torch.where(self._met, reward.clamp(self.low, self.high), reward)

    @property
    def _met(self) -> Bool[Tensor, "S 1"]:
        return self.low <= self.high

    @property
    def differs(self) -> Bool[Tensor, "S 1"]:
        """Whether a seed has met more than one reward."""
        return self.low < self.high

    @property
    def known_alike(self) -> bool:
        """Whether it is known that no seed has. On a GPU it never is: to ask would be to wait."""
        return not (self.low.is_cuda or bool(self.differs.any()))

    def share(self, reward: Float[Tensor, "S B"]) -> Float[Tensor, "S B"]:
        """How far from the lowest to the highest these lie, from 0 to 1, on the symlog scale; 0
        where there is no way between them."""
        low, high = self._ends()
        between = symlog(self(reward)) - low
        return torch.where(self.differs, between / (high - low), 0.0)

    def at(self, share: Float[Tensor, "S B"]) -> Float[Tensor, "S B"]:
        """The rewards that lie there; 0 before the first update."""
        low, high = self._ends()
        return symexp(low + share * (high - low))

    def _ends(self) -> tuple[Float[Tensor, "S 1"], Float[Tensor, "S 1"]]:
        """On the symlog scale."""
        low, high = (torch.where(self._met, symlog(end), 0.0) for end in (self.low, self.high))
        return low, high


class RunningNormalizer(nn.Module):
    """Mean and variance of all rows seen so far, one set a seed.

    Batches are merged as in Chan et al. 1979. Buffers, not parameters: they are saved with the
    module and take no gradient.
    """

    mean: Tensor
    variance: Tensor
    count: Tensor

    def __init__(self, seeds: int, features: int, device: torch.device | str = "cpu") -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(seeds, 1, features, device=device))
        self.register_buffer("variance", torch.ones(seeds, 1, features, device=device))
        self.register_buffer("count", torch.zeros((), device=device, dtype=torch.float64))
        self._scale = Derived(self._deviation)

    @torch.no_grad()
    def update(self, rows: Float[Tensor, "S B F"]) -> None:
        """Take more rows into the statistics."""
        added = rows.shape[1]
        total = self.count + added
        mean = rows.mean(dim=1, keepdim=True)
        delta = mean - self.mean
        share = (added / total).float()
        second = rows.var(dim=1, keepdim=True, correction=0)
        spread = self.variance.lerp(second, share) + delta.square() * share * (1 - share)
        self.mean.add_(delta * share)
        self.variance.copy_(spread)
        self.count.copy_(total)

    def forward(self, x: Float[Tensor, "S *rows F"]) -> Float[Tensor, "S *rows F"]:
        """Rows with mean 0 and variance 1; a feature that never varied is only shifted."""
        mean, scale = self._broadcast(x)
        return (x - mean) / scale

    def inverse(self, x: Float[Tensor, "S *rows F"]) -> Float[Tensor, "S *rows F"]:
        """Back to the units of the observations."""
        mean, scale = self._broadcast(x)
        return x * scale + mean

    def _broadcast(self, x: Tensor) -> tuple[Tensor, Tensor]:
        shape = (x.shape[0], *[1] * (x.dim() - 2), x.shape[-1])
        return self.mean.view(shape), self._scale.of(self.mean, self.variance).view(shape)

    @staticmethod
    def _deviation(mean: Tensor, variance: Tensor) -> Tensor:
        # Below this it is rounding: a float32 of the size of the mean tells no finer steps apart.
        rounding = 1e-8 + (1e-6 * mean).square()
        return torch.where(variance < rounding, 1.0, variance.sqrt())


class RunningScale(nn.Module):
    """An exponential average of a positive quantity's mean, one a seed, to divide it by.

    Bias-corrected as in Adam, so that the first value already counts in full.

    Args:
        decay: of the average, for each update.
        floor: the smallest scale; smaller quantities are not blown up beyond it.
    """

    average: Tensor
    weight: Tensor

    def __init__(
        self,
        seeds: int,
        decay: float,
        device: torch.device | str = "cpu",
        floor: float = 1e-8,
    ) -> None:
        super().__init__()
        self.decay, self.floor = decay, floor
        self.register_buffer("average", torch.zeros(seeds, device=device))
        self.register_buffer("weight", torch.zeros((), device=device))

    @torch.no_grad()
    def update(self, values: Float[Tensor, "S R *rows"]) -> None:
        """Take one more batch of values into the average."""
        self.average.lerp_(values.flatten(1).mean(dim=1), 1 - self.decay)
        self.weight.lerp_(torch.ones_like(self.weight), 1 - self.decay)

    def forward(self, values: Float[Tensor, "S *rows"]) -> Float[Tensor, "S *rows"]:
        """Values in units of their running mean; 0 stays 0. Unchanged before the first update."""
        mean = self.average / self.weight.clamp(min=1e-12)
        scale = torch.where(self.weight > 0, mean, 1.0)
        return values / scale.clamp(min=self.floor).view(-1, *[1] * (values.dim() - 1))


class RunningChange(nn.Module):
    """An exponential root mean square of how much each feature changes in a step, one set a seed.

    A feature that stays what it is until the episode ends, as a target's place does, has the scale
    1. With the smallest one it would be measured more finely than all that moves.

    Args:
        floor: the smallest scale, for features that hardly ever change.
    """

    square: Tensor
    weight: Tensor

    def __init__(
        self,
        seeds: int,
        features: int,
        device: torch.device | str = "cpu",
        decay: float = 0.99,
        floor: float = 0.01,
    ) -> None:
        super().__init__()
        self.decay, self.floor = decay, floor
        self.register_buffer("square", torch.zeros(seeds, 1, features, device=device))
        self.register_buffer("weight", torch.zeros((), device=device))
        self._scale = Derived(self._root)

    @torch.no_grad()
    def update(self, changes: Float[Tensor, "S R F"]) -> None:
        """Take the changes of one more batch of steps into the average."""
        self.square.lerp_(changes.square().mean(dim=1, keepdim=True), 1 - self.decay)
        self.weight.lerp_(torch.ones_like(self.weight), 1 - self.decay)

    @property
    def scale(self) -> Float[Tensor, "S 1 F"]:
        """The root mean square; 1 before the first update."""
        return self._scale.of(self.square, self.weight)

    def _root(self, square: Tensor, weight: Tensor) -> Tensor:
        change = (square / weight.clamp(min=1e-12)).sqrt()
        return torch.where(change > CONSTANT, change.clamp(min=self.floor), 1.0)
