"""Actions of white, pink and red noise, which depend on no observation."""

import colorednoise
import numpy as np
from numpy.typing import NDArray

# The exponent b of the noise's spectrum, whose power falls with the frequency f as 1 / f^b.
EXPONENTS = {"white": 0.0, "pink": 1.0, "red": 2.0}


def gaussian_noise(
    exponent: float, steps: int, size: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Normal noise (steps, size), an independent sequence in each column.

    The algorithm is that of Timmer and König 1995. Its standard deviation is 1 if the part of
    frequency 0, the mean of a sequence, is left out; with that part it is about 1.04 for pink and
    1.14 for red noise. The noise is not scaled to undo this, as in Eberhard et al. 2023.
    Raises ValueError for fewer than 2 steps: one step has no frequency.
    """
    if steps < 2:
        raise ValueError(f"noise of {steps} steps; expected at least 2")
    shape = (size, steps)
    rows = colorednoise.powerlaw_psd_gaussian(exponent, shape, random_state=generator)
    sequences: NDArray[np.float64] = np.asarray(rows, dtype=np.float64)
    return sequences.T


def noise_actions(
    exponent: float, steps: int, size: int, generator: np.random.Generator
) -> NDArray[np.float32]:
    """Actions (steps, size) in [-1, 1]: the hyperbolic tangent of that noise.

    An untrained policy of Soft Actor-Critic acts so in every state: its squashed Gaussian has a
    mean near 0 and a standard deviation near 1 (white noise). Pink and red noise take the place of
    its independent draws, as in Eberhard et al. 2023, "Pink noise is all you need".
    """
    return np.tanh(gaussian_noise(exponent, steps, size, generator)).astype(np.float32)
