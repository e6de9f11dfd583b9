"""Compares single updates of our TRPO with sb3-contrib's, from its parameters and its rollouts.

Two algorithms that learn equally well may differ; two that make the same step do not. Prints, for
each update, the largest difference of the advantages and of the policy's parameters.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

import torch
from torch import Tensor

from benchmarks.learning import trpo_settings
from benchmarks.peer_environments import python_of
from p2e.algorithm import Problem
from p2e.algorithms import trpo
from p2e.nn.batched_mlp import BatchedMLP
from p2e.on_policy.advantages import advantages, standardised

POLICY = ("mlp_extractor.policy_net.0", "mlp_extractor.policy_net.2", "action_net")
VALUE = ("mlp_extractor.value_net.0", "mlp_extractor.value_net.2", "value_net")


@torch.no_grad()
def lay_into(network: BatchedMLP, state: dict[str, Tensor], names: tuple[str, ...]) -> None:
    """Weights of torch.nn's layers, which are (out, in), into a network of one seed."""
    for layer, name in zip(network.layers, names, strict=True):
        layer.weight.copy_(state[f"{name}.weight"].T)
        layer.bias.copy_(state[f"{name}.bias"])


def algorithm_of(state: dict[str, Tensor], problem: Problem, config: trpo.Config) -> trpo.TRPO:
    """Ours with the peer's parameters."""
    algorithm = trpo.build(problem, config)
    lay_into(algorithm.policy.network, state, POLICY)
    lay_into(algorithm.value.network, state, VALUE)
    algorithm.policy.log_std.data.copy_(state["log_std"].view(1, 1, -1))
    return algorithm


@torch.no_grad()
def differences(update: dict[str, Any], task: str) -> dict[str, float]:
    """Of one update: the largest of the advantages, of the step, and of the step's own parts.

    The peer adds the value of what was reached to the reward where an episode was truncated, and
    then counts it as terminated.
    """
    observation, action = update["observations"].unsqueeze(0), update["actions"].unsqueeze(0)
    sizes = observation.shape[-1], action.shape[-1]
    steps = observation.shape[1]
    problem = Problem((0,), *sizes, steps, steps, None, torch.device("cpu"))
    config = trpo.Config(**trpo_settings(task))
    ours, after = (algorithm_of(update[when], problem, config) for when in ("before", "after"))
    start, value = ours.policy.vector(), ours.value(observation)
    last = ours.value(update["last_observation"].unsqueeze(0))
    ended = torch.cat([update["episode_starts"][1:], torch.zeros(1)]).bool().unsqueeze(0)
    following = torch.cat([value[:, 1:], last], dim=1)
    reward, discount, decay = update["rewards"], config.discount, config.advantage_decay
    advantage = advantages(reward.unsqueeze(0), value, following, ended, ended, discount, decay)
    metrics = ours._step_policy(observation, action, standardised(advantage))
    step = after.policy.vector() - start
    return {
        "advantages": (advantage - update["advantages"]).abs().max().item(),
        "of": advantage.abs().max().item(),
        "step": (ours.policy.vector() - after.policy.vector()).abs().max().item(),
        "of the step's": step.abs().max().item(),
        "KL divergence": metrics["policy_kl"].item(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--tasks", default="HalfCheetah-v5,Hopper-v5")
    parser.add_argument("--updates", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    worker = Path(__file__).resolve().parent / "workers" / "record_trpo_updates.py"
    for task in options.tasks.split(","):
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder) / "updates.pt"
            command = [str(python_of("sb3")), str(worker), "--task", task]
            command += ["--updates", str(options.updates), "--output", str(output)]
            subprocess.run(command, check=True)
            updates = torch.load(output, weights_only=True)
        for number, update in enumerate(updates, start=1):
            found = differences(update, task)
            print(task, f"update {number}:", ", ".join(f"{k} {v:.2g}" for k, v in found.items()))


if __name__ == "__main__":
    main()
