"""Records the updates of sb3-contrib's TRPO: its parameters before and after, and its rollout.

trpo_updates.py starts it in a separate virtual environment, so it imports none of our code.
"""

import argparse
import copy
from pathlib import Path
from typing import Any

import gymnasium
import torch
from sb3_contrib import TRPO


class Recorded(TRPO):
    """Keeps what it learned from and what it made of it."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.updates: list[dict[str, Any]] = []

    def train(self) -> None:
        buffer = self.rollout_buffer
        names = ("observations", "actions", "rewards", "values", "advantages", "episode_starts")
        record: dict[str, Any] = {
            name: torch.tensor(getattr(buffer, name)[:, 0]).float() for name in names
        }
        record["last_observation"] = torch.tensor(self._last_obs).float()
        record["before"] = copy.deepcopy(self.policy.state_dict())
        super().train()
        record["after"] = copy.deepcopy(self.policy.state_dict())
        self.updates.append(record)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", required=True)
    parser.add_argument("--updates", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model = Recorded("MlpPolicy", gymnasium.make(arguments.task), seed=100, device="cpu")
    model.learn(arguments.updates * model.n_steps)
    torch.save(model.updates, arguments.output)


if __name__ == "__main__":
    main()
