"""An environment that nobody here has seen: what it returns is checked, then flattened."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box
from numpy.typing import NDArray

from envs.simulation.errors import BrokenEnvironmentError, WrongValueError
from envs.simulation.spaces import flat_box, flattened

Flat = NDArray[np.float32]
SEEDS = 2**31  # the evaluation's seeds have 63 bits, and older generators refuse more than 31 or 32


class CheckedSimulator(gymnasium.Wrapper[Flat, Flat, Any, Any]):
    """Observations (O,) and actions (A,) float32, in the order that `spaces.leaves` states.

    Raises BrokenEnvironmentError, in one line, when the environment raises an error, or returns
    a number that is not finite or an array of another shape than it declares.
    """

    def __init__(self, environment_id: str, env: gymnasium.Env[Any, Any]) -> None:
        super().__init__(env)
        self._id = environment_id
        self._inner = env.observation_space
        self.observation_space: Any = flat_box(env.observation_space)
        self.action_space: Any = flat_box(env.action_space)
        assert isinstance(env.action_space, Box)
        self._actions = env.action_space

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Flat, dict[str, Any]]:
        seed = None if seed is None else seed % SEEDS
        with self._in_words("reset"):
            returned = self.env.reset(seed=seed, options=options)
            _require_length(returned, 2, "(observation, info)")
            return self._flat(returned[0]), {}

    def step(self, action: Flat) -> tuple[Flat, float, bool, bool, dict[str, Any]]:
        inner = action.reshape(self._actions.shape).astype(self._actions.dtype)
        with self._in_words("step"):
            returned = self.env.step(inner)
            _require_length(returned, 5, "(observation, reward, terminated, truncated, info)")
            observation, reward, terminated, truncated, _ = returned
            gained = float(reward)
            if not np.isfinite(gained):
                raise WrongValueError(f"the reward {gained}, expected a finite number")
            return self._flat(observation), gained, bool(terminated), bool(truncated), {}

    def _flat(self, observation: Any) -> Flat:
        flat = flattened(self._inner, observation)
        if not np.isfinite(flat).all():
            raise WrongValueError("an observation with NaN or infinity, expected finite numbers")
        return flat

    @contextmanager
    def _in_words(self, method: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            own = isinstance(error, WrongValueError)
            kind = "returned" if own else f"raised {type(error).__name__}:"
            raise BrokenEnvironmentError(
                f"environment {self._id!r}: {method} {kind} {' '.join(str(error).split())}"
            ) from error


def _require_length(returned: Any, length: int, expected: str) -> None:
    if not isinstance(returned, tuple):
        raise WrongValueError(f"a {type(returned).__name__}, expected {expected}")
    if len(returned) != length:
        raise WrongValueError(f"a tuple of {len(returned)} values, expected {expected}")
