"""SAC of Stable-Baselines3 (PyTorch) or of SBX (in JAX), which have the same interface."""

import argparse
import json
from importlib.metadata import version

import gymnasium

from protocol import serve, timed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", choices=("stable-baselines3", "sbx"))
    parser.add_argument("--task", required=True)
    parser.add_argument("--sizes", required=True, type=json.loads)
    options = parser.parse_args()
    if options.library == "sbx":
        from sbx import SAC

        name = f"sbx-rl {version('sbx-rl')}, jax {version('jax')}"
    else:
        import torch
        from stable_baselines3 import SAC

        torch.set_num_threads(1)
        name = f"stable-baselines3 {version('stable-baselines3')}, torch {torch.__version__}"
    sizes = options.sizes
    agent = SAC(
        "MlpPolicy",
        gymnasium.make(options.task),
        batch_size=sizes["batch_size"],
        learning_starts=sizes["warmup_steps"],
        policy_kwargs={"net_arch": sizes["hidden"]},
        seed=0,
    )

    def learn(steps: int) -> None:
        agent.learn(steps, reset_num_timesteps=False)

    def describe() -> dict[str, object]:
        learn(sizes["warmup_steps"] + 200)
        return {"system": options.library, "version": name, "threads": 1, "precision": "float32"}

    def update(updates: int) -> None:
        for _ in range(updates):
            agent.train(gradient_steps=1, batch_size=sizes["batch_size"])

    def measure(steps: int) -> dict[str, float]:
        seconds = timed(lambda: learn(steps))
        return {
            "environment_steps": steps,
            "seconds": seconds,
            "updates": steps,
            "update_seconds": timed(lambda: update(steps)),
        }

    serve(describe, measure)


if __name__ == "__main__":
    main()
