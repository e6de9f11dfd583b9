"""Run by test_compiled_update.py in a process of its own: prints how far apart ten updates of an
eager agent and of one compiled by PyTorch come to be, relative to how far they moved the weights.

The device is its argument. On a CPU the critics normalise their layers, because PyTorch compiles
no others there."""

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import torch

from p2e.batch import TransitionBatch
from p2e.generators import SeedGenerators
from p2e.soft_actor_critic import SoftActorCritic, SoftActorCriticConfig

SEEDS, ROWS, FEATURES, ACTIONS = (0, 1), 16, 4, 2


def agent(compiled: bool, device: str) -> SoftActorCritic:
    norm = device == "cpu"
    config = SoftActorCriticConfig(
        (16, 16), 1e-3, clip_norm=5.0, critic_layer_norm=norm, compiled=compiled
    )
    initial, noise = (SeedGenerators(SEEDS, name, device) for name in ("weights", "noise"))
    return SoftActorCritic(FEATURES, ACTIONS, config, initial, noise)


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
