"""Coloured action noise (Eberhard et al. 2023, "Pink Noise Is All You Need").

Only what acts in the environment uses it: the losses of Soft Actor-Critic draw white noise, since
each of their rows stands for itself. At a single step coloured noise is standard normal as white
noise is, so that the policy's density is unchanged; what differs is how long it pushes into one
direction.
"""

import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.algorithm import Problem
from p2e.nn.generators import SeedGenerators

# Power falls as 1 / frequency^exponent.
EXPONENTS = {"white": 0.0, "pink": 1.0, "red": 2.0}


class ColouredNoise:
    """Sequences of coloured noise, one for each seed and action dimension.

    A sequence is as long as an episode may be, and the next is drawn when it is used up. It is not
    begun again with an episode that ended early, so that the first step of an episode has the same
    distribution as any other (as in the paper's code).

    Args:
        generators: random streams of the sequences.
        actions: A, the number of action dimensions.
        exponent: of the power spectrum, as in EXPONENTS.
        length: T, the steps of a sequence.
    """

    def __init__(
        self, generators: SeedGenerators, actions: int, exponent: float, length: int
    ) -> None:
        self._generators, self._actions = generators, actions
        self._scales = spectrum(exponent, length)
        self._length, self._place = length, length
        self._sequence = torch.zeros(len(generators), actions, length)

    def next(self) -> Float[Tensor, "S A"]:
        """The noise of one more step."""
        if self._place == self._length:
            frequencies = len(self._scales)
            parts = self._generators.normal(self._actions, 2, frequencies).cpu()
            self._sequence, self._place = sequence(parts, self._scales, self._length), 0
        self._place += 1
        return self._sequence[..., self._place - 1].to(self._generators.device)

    def state_dict(self) -> dict[str, Any]:
        return {
            "sequence": self._sequence,
            "place": self._place,
            "generators": self._generators.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._sequence, self._place = state["sequence"], state["place"]
        self._generators.load_state_dict(state["generators"])


def coloured_noise(problem: Problem, colour: str, stream: str) -> ColouredNoise | None:
    """Noise of a colour, one of EXPONENTS, for the actions in a task; None where that is white."""
    if colour == "white":
        return None
    generators = SeedGenerators(problem.seeds, stream, problem.device)
    return ColouredNoise(generators, problem.action_size, EXPONENTS[colour], problem.horizon)


def spectrum(exponent: float, length: int) -> Float[Tensor, " K"]:
    """The standard deviation of real and imaginary part of each frequency of a real sequence
    (Timmer & König 1995), the lowest first, in such units that each step has variance 1.

    The zero frequency, whose power would be infinite, has that of the lowest one. The paper's code
    leaves it out when it scales, so that its pink noise has 4% more deviation than white noise.
    """
    frequencies = torch.arange(length // 2 + 1, dtype=torch.float64)
    frequencies[0] = 1.0
    scales = frequencies.pow(-exponent / 2)
    powers = 4 * scales.square()  # all but two frequencies are there twice, conjugated
    powers[0] /= 2
    if length % 2 == 0:
        powers[-1] /= 2
    return (scales * length / powers.sum().sqrt()).float()


def sequence(
    parts: Float[Tensor, "*lead 2 K"], scales: Float[Tensor, " K"], length: int
) -> Float[Tensor, "*lead T"]:
    """The sequence whose frequencies have these real and imaginary parts, standard normal ones,
    times the scales."""
    real, imaginary = (parts * scales).unbind(dim=-2)
    # The highest frequency of an even length is its own conjugate, as is the zero frequency: both
    # are real, and have all of their power in that part.
    alone = [0, -1] if length % 2 == 0 else [0]
    real[..., alone] *= math.sqrt(2)
    imaginary[..., alone] = 0.0
    steps: Tensor = torch.fft.irfft(torch.complex(real, imaginary), n=length)
    return steps
