"""The base class of the benchmark's own simulators: reward 1 at a goal, and 0 elsewhere."""

from pathlib import Path
from typing import Any

import numpy as np
from gymnasium.envs.mujoco import MujocoEnv
from gymnasium.spaces import Box
from numpy.typing import NDArray

ASSETS = Path(__file__).parent / "assets"


class SparseMujocoEnv(MujocoEnv):
    """A MuJoCo simulator with a sparse reward that depends on the observation alone.

    Observation (O,) float32, clipped to +-`reach` (O,).
    Action (A,) float32 in [-1, 1]. One step lasts 0.05 s.
    Reward: 1.0 on every step whose returned float32 observation satisfies `at_goal`, otherwise
    0.0. Never terminates.

    A subclass defines the observation (`observe`), the goal (`at_goal`) and the start of an episode
    (`place`). Observations must depend on nothing but the state that MuJoCo integrates, so that a
    restored simulator returns the same bits.
    """

    # gymnasium declares it an instance variable and reads it from the class.
    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 20}  # noqa: RUF012

    def __init__(self, model: Path | str, frame_skip: int, **settings: Any) -> None:
        super().__init__(str(model), frame_skip, observation_space=None, **settings)

    def bound_observations(self, reach: NDArray[np.float64]) -> None:
        """Observations are clipped to +-reach, (O,)."""
        self._reach = reach.astype(np.float32)
        self.observation_space = Box(-self._reach, self._reach, dtype=np.float32)

    def observe(self) -> NDArray[np.float64]:
        """The observation (O,) before it is clipped and rounded."""
        raise NotImplementedError

    def at_goal(self, observation: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Which of the observations (..., O) are rewarded, (...,)."""
        raise NotImplementedError

    def place(self) -> None:
        """Draws the state in which an episode starts."""
        raise NotImplementedError

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[NDArray[Any], np.float64, bool, bool, dict[str, np.float64]]:
        self.do_simulation(action, self.frame_skip)
        observation = self._observation()
        return observation, np.float64(self.at_goal(observation)), False, False, {}

    def reset_model(self) -> NDArray[Any]:
        self.place()
        return self._observation()

    def start_at(self, position: NDArray[np.float64], velocity: NDArray[np.float64]) -> None:
        """Sets the joints' positions and velocities."""
        # gymnasium leaves this method without annotations.
        self.set_state(position, velocity)  # type: ignore[no-untyped-call]

    def _observation(self) -> NDArray[np.float32]:
        observed = self.observe().astype(np.float32)
        np.minimum(observed, self._reach, out=observed)
        np.maximum(observed, -self._reach, out=observed)
        return observed
