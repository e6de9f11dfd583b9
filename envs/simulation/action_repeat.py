"""Action repeat: one decision of the agent lasts several steps of the simulator."""

from typing import Any

import gymnasium


class ActionRepeat(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Each action is given to the simulator `repeats` times, and the rewards are summed. An episode
    that ends on the way ends the step."""

    def __init__(self, env: gymnasium.Env[Any, Any], repeats: int) -> None:
        super().__init__(env)
        self._repeats = repeats

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        total = 0.0
        for _ in range(self._repeats):
            observation, reward, terminated, truncated, info = self.env.step(action)
            total += float(reward)
            if terminated or truncated:
                break
        return observation, total, terminated, truncated, info
