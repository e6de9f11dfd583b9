"""Run by test_executors.py in a separate process: compare an eager and a compiled agent.

It prints their difference after ten updates, relative to how far these moved the weights.

The device is its argument. On a CPU, a compiled agent runs this project's C++ update. Here
PyTorch's compiler replaces it, so that the update compiled on a GPU is tested on machines without
one.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import torch

from p2e.agent.settings import SoftActorCriticConfig
from p2e.agent.soft_actor_critic import SoftActorCritic
from p2e.batch import TransitionBatch
from p2e.nn.compilation import compile_networks
from p2e.nn.generators import SeedGenerators

SEEDS, ROWS, FEATURES, ACTIONS = (0, 1), 16, 4, 2


def agent(compiled: bool, device: str) -> SoftActorCritic:
    on_gpu = device == "cuda"
    config = SoftActorCriticConfig((16, 16), 1e-3)
    compile_networks(compiled and on_gpu)
    initial, noise = (SeedGenerators(SEEDS, name, device) for name in ("weights", "noise"))
    made = SoftActorCritic(FEATURES, ACTIONS, config, initial, noise)
    if compiled and not on_gpu:
        made.executor.update = torch.compile(made.learn, fullgraph=True)
    return made


def batches(count: int, device: str) -> Iterator[TransitionBatch]:
    draws = SeedGenerators(SEEDS, "rows", device)
    for _ in range(count):
        yield TransitionBatch(
            draws.normal(ROWS, FEATURES),
            draws.uniform(-1, 1, ROWS, ACTIONS),
            draws.normal(ROWS),
            draws.normal(ROWS, FEATURES),
            (draws.uniform(0, 1, ROWS) < 0.2).float(),
        )


def weights(of: SoftActorCritic) -> torch.Tensor:
    networks = of.actor.network, of.critic.network, of.target_critic.network
    parts = [network.weights.detach().flatten() for network in networks]
    return torch.cat([*parts, of.temperature.log_alpha.detach().flatten()])


def main() -> None:
    device = sys.argv[1]
    eager, compiled = agent(False, device), agent(True, device)
    before = weights(eager).clone()
    for batch in batches(10, device):
        eager.update(batch)
        compiled.update(batch)
    moved = (weights(eager) - before).abs().max()
    print(float((weights(eager) - weights(compiled)).abs().max() / moved))


if __name__ == "__main__":
    main()
