"""The state of a simulator of which nobody knows where it keeps it: what was done since the reset.

To restore it, the episode is repeated: the random generators are put into the state that they had
before the reset, the simulator is reset, and the actions are taken again. What was observed on the
way must be the same to the bit.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import gymnasium
import numpy as np
import torch
from numpy.typing import NDArray

from envs.simulation.errors import BrokenEnvironmentError, NotDeterministicError

Flat = NDArray[np.float32]
Generator = np.random.Generator | np.random.RandomState


class RecordedEpisode(gymnasium.Wrapper[Flat, Flat, Flat, Flat]):
    """Records the current episode. Observations (O,) and actions (A,) are float32.

    What counts as the state of the random generators are those of NumPy that the environment and
    its wrappers have as attributes. What an environment keeps from one episode to the next outside
    of them is not restored.
    """

    def __init__(self, environment_id: str, env: gymnasium.Env[Flat, Flat]) -> None:
        super().__init__(env)
        self._id = environment_id
        self._seed: int | None = None
        self._begin(None)

    def _begin(self, seed: int | None) -> None:
        self._seed = self._seed if seed is None else seed
        self._seeded = seed is not None
        self._generators = {} if self._seeded else self._generator_states()
        self._actions: list[Flat] = []
        self._digest = hashlib.sha256()

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Flat, dict[str, Any]]:
        self._begin(seed)
        observation, info = self.env.reset(seed=seed, options=options)
        self._digest.update(observation.tobytes())
        return observation, info

    def step(self, action: Flat) -> tuple[Flat, Any, bool, bool, dict[str, Any]]:
        self._actions.append(action.copy())
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._digest.update(observation.tobytes() + np.float64(reward).tobytes())
        return observation, reward, terminated, truncated, info

    def state_dict(self) -> dict[str, Any]:
        """What was done since the last reset, for `torch.load(weights_only=True)`."""
        size = self.env.action_space.shape or (0,)
        actions = np.stack(self._actions) if self._actions else np.zeros((0, *size), np.float32)
        return {
            "seed": -1 if self._seed is None else self._seed,
            "seeded": self._seeded,
            "generators": dict(self._generators),
            "actions": torch.from_numpy(actions),
            "digest": self._digest.hexdigest(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Repeats the episode of the state.

        Raises NotDeterministicError if it does not come out as it was.
        """
        try:
            self._repeat(state)
        except BrokenEnvironmentError as error:
            raise NotDeterministicError(f"{error}, when its episode was repeated") from error
        if self._digest.hexdigest() != state["digest"]:
            raise NotDeterministicError(
                f"environment {self._id!r} is not deterministic: the same random state and "
                f"{len(self._actions)} actions led to other observations or rewards"
            )

    def _repeat(self, state: Mapping[str, Any]) -> None:
        seed = None if state["seed"] < 0 else state["seed"]
        self.reset(seed=seed)  # some environments draw with a seed what they keep without one
        if not state["seeded"]:
            self._load_generator_states(state["generators"])
            self.reset()
        for action in state["actions"].numpy():
            self.step(action.copy())

    def _generator_states(self) -> dict[str, Any]:
        return {name: _encoded(_state(generator)) for name, generator in self._found_generators()}

    def _load_generator_states(self, states: Mapping[str, Any]) -> None:
        for name, generator in self._found_generators():
            if name in states:
                state = _decoded(states[name])
                if isinstance(generator, np.random.Generator):
                    generator.bit_generator.state = state
                else:
                    generator.set_state(state)

    def _found_generators(self) -> Iterator[tuple[str, Generator]]:
        layer: Any = self.env
        depth = 0
        while True:
            for name, value in sorted(getattr(layer, "__dict__", {}).items()):
                if isinstance(value, np.random.Generator | np.random.RandomState):
                    yield f"{depth}.{name}", value
            if not isinstance(layer, gymnasium.Wrapper):
                return
            layer, depth = layer.env, depth + 1


def _state(generator: Generator) -> Any:
    if isinstance(generator, np.random.Generator):
        return generator.bit_generator.state
    return generator.get_state(legacy=False)


def _encoded(value: Any) -> Any:
    """Arrays as their kind and bytes: `torch.load(weights_only=True)` reads no NumPy array."""
    if isinstance(value, Mapping):
        return {key: _encoded(part) for key, part in value.items()}
    if isinstance(value, np.ndarray):
        numbers = torch.from_numpy(np.frombuffer(value.tobytes(), np.uint8).copy())
        return {"array of": str(value.dtype), "bytes": numbers}
    return value.item() if isinstance(value, np.generic) else value


def _decoded(value: Any) -> Any:
    if isinstance(value, Mapping):
        if "array of" in value:
            return np.frombuffer(value["bytes"].numpy().tobytes(), value["array of"]).copy()
        return {key: _decoded(part) for key, part in value.items()}
    return value
