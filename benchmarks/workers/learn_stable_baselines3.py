"""Trains one seed of Stable-Baselines3's SAC or sb3-contrib's TRPO with our settings and writes its
evaluations.

learning.py starts it in a separate virtual environment, so it imports none of our code.
"""

import argparse
import csv
import os
from pathlib import Path

import gymnasium
import torch
from sb3_contrib import TRPO
from stable_baselines3 import SAC
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.monitor import Monitor


class Evaluations(BaseCallback):
    """Deterministic evaluation episodes at equal intervals, in a separate environment."""

    def __init__(self, environment: gymnasium.Env, interval: int, episodes: int) -> None:
        super().__init__()
        self.environment, self.interval, self.episodes = environment, interval, episodes
        self.rows: list[tuple[int, int, float, int]] = []

    def _on_step(self) -> bool:
        if self.num_timesteps % self.interval == 0:
            returns, lengths = evaluate_policy(
                self.model,
                self.environment,
                self.episodes,
                deterministic=True,
                return_episode_rewards=True,
            )
            for episode, (value, length) in enumerate(zip(returns, lengths, strict=True)):
                self.rows.append((self.num_timesteps, episode, value, length))
            print(f"step {self.num_timesteps}: {sum(returns) / len(returns):.1f}", flush=True)
        return True


def model_of(algorithm: str, task: str, seed: int) -> BaseAlgorithm:
    """A fresh model. What is not given here has the library's default."""
    environment = gymnasium.make(task)
    if algorithm == "trpo":
        return TRPO("MlpPolicy", environment, seed=seed, device="cpu")
    return SAC(
        "MlpPolicy",
        environment,
        seed=seed,
        learning_starts=1000,
        policy_kwargs={"net_arch": [256, 256]},
        device="cpu",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--algorithm", choices=["sac", "trpo"], default="sac")
    parser.add_argument("--task", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--interval", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model = model_of(arguments.algorithm, arguments.task, arguments.seed)
    evaluation = Monitor(gymnasium.make(arguments.task))
    evaluation.reset(seed=arguments.seed + 1_000_000)
    evaluations = Evaluations(evaluation, arguments.interval, episodes=10)
    model.learn(arguments.steps, callback=evaluations)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    unfinished = arguments.output.with_suffix(".part")
    with unfinished.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["step", "episode", "return", "length"])
        writer.writerows(evaluations.rows)
    os.replace(unfinished, arguments.output)


if __name__ == "__main__":
    main()
