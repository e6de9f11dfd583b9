"""The exploration phase of SheepRL's Plan2Explore, run by SheepRL's own training loop.

Everything is SheepRL's own: configuration, agents, player, environment wrappers, replay buffer,
`train()`, target networks. One environment, one update after every step (replay ratio 1). Unlike
its defaults: the given sizes, vector observations only, buffer in memory, no metrics, videos or
checkpoints (all of which make it faster), and matrix products in float32 ("highest").
`algo.compile` stays off, its default.

An update of theirs compared with ours (S sequences of length T, imagination horizon H):

- Imagination: each of its two actors starts from all S * T states, which makes 2 * S * T * H steps
  in the world model per update (7,680 at 16, 16, 15), and learns from all of them. We imagine once
  for both agents, `imagined_starts` * `horizon` steps, keep the transitions for a few updates, and
  draw a batch of `batch_size` for each agent, with a share of `real_share` real transitions.
- Gradients: its actors learn by backpropagation through the imagined dynamics, reward, value and
  (explorer) ensemble. Our imagination has no gradient; the actors learn from the critics (SAC).
- Actors and critics trained: dv1: 2 actors, 2 state-value critics. dv2: the same and 2 target
  critics, copied every 100 updates. dv3: 2 actors, 3 critics of 255 bins (task; explorer intrinsic
  and extrinsic), 3 targets, return percentiles. Ours: 2 SAC agents, each of an actor, twin action
  values with targets, and a temperature.
- Values: lambda returns over the whole horizon; ours are one-step Bellman targets.
- Explorer's reward: dv1 and dv2 disagreement alone; dv3 and ours the task's reward as well.
- Latents: dv1 60 Gaussians, dv2 and dv3 32 categoricals of 32 classes (features of 1024 and the
  memory), a sampled posterior and a prior at each step, KL between them. Ours: `latent_size`
  normalised numbers without noise, and no KL. The latents keep SheepRL's sizes here.
- Recurrence: its posterior needs the memory, so encoding goes step by step; windows start from a
  zero memory. Our encoder sees the observation alone, one pass for the whole window; windows start
  from stored memories, which the update writes again.
- World losses: dv1 and dv2 reconstruction, reward and KL; dv3 continuation as well, reward in 255
  bins. Ours: reconstruction of the current and of the predicted next observation, latent
  prediction, reward, continuation.
- Networks: separate reward (dv3: continuation) networks, hidden layers of one size for all (ELU;
  dv3 SiLU with layer norm); prior and posterior have one hidden layer of `units`, whatever `layers`
  is; dv2 and dv3 normalise the GRU. We have one head for all predictions, and a plain GRU.
- Ensemble: dv1 predicts the next encoder output (`units` numbers), dv2 and dv3 the next posterior
  (1024). Every member sees the same rows and runs by itself. Ours predicts the change of latent,
  each member from bootstrapped rows, all members in one batched product.
- Optimizer steps per update: dv1 and dv2 6, dv3 7 (all but the ensemble's in a fused
  Adam), ours 8 (temperatures included).
"""

import argparse
import json
import threading
import time
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from queue import Queue
from tempfile import TemporaryDirectory
from typing import Any

import torch
from hydra import compose, initialize_config_module
from omegaconf import OmegaConf
from sheeprl.cli import run_algorithm
from sheeprl.utils.utils import dotdict

from protocol import serve

RANDOM_STEPS = 500  # before the first update, as in the other workers
WARMUP_UPDATES = 5


def configuration(generation: str, task: str, sizes: dict[str, int], folder: Path) -> Any:
    """SheepRL's configuration of the experiment, with the given sizes."""
    units, layers = sizes["units"], sizes["layers"]
    settings: dict[str, Any] = {
        "exp": f"p2e_{generation}_exploration",
        "env": "mujoco",
        "env.id": task,
        "env.num_envs": 1,
        "env.capture_video": False,
        "env.wrapper.render_mode": "null",
        "algo.cnn_keys.encoder": "[]",
        "algo.cnn_keys.decoder": "[]",
        "algo.mlp_keys.encoder": "[state]",
        "algo.mlp_keys.decoder": "[state]",
        "algo.per_rank_batch_size": sizes["sequences"],
        "algo.per_rank_sequence_length": sizes["sequence_length"],
        "algo.horizon": sizes["horizon"],
        "algo.dense_units": units,
        "algo.mlp_layers": layers,
        # DreamerV1 has its own depths here, which do not follow `mlp_layers`.
        "algo.world_model.reward_model.mlp_layers": layers,
        "algo.critic.mlp_layers": layers,
        # One hidden layer in every generation, so only its width can follow.
        "algo.world_model.transition_model.hidden_size": units,
        "algo.world_model.representation_model.hidden_size": units,
        "algo.world_model.recurrent_model.recurrent_state_size": sizes["memory_size"],
        "algo.ensembles.n": sizes["members"],
        "algo.ensembles.dense_units": sizes["ensemble_units"],
        "algo.ensembles.mlp_layers": sizes["ensemble_layers"],
        "algo.replay_ratio": 1,
        "algo.learning_starts": RANDOM_STEPS,
        "algo.per_rank_pretrain_steps": 0,
        "algo.total_steps": 10**9,
        "algo.run_test": False,
        "buffer.size": 100_000,
        "buffer.memmap": False,
        "checkpoint.every": 0,
        "checkpoint.save_last": False,
        "metric.log_level": 0,
        "float32_matmul_precision": "highest",
        "fabric.accelerator": "cpu",
        "fabric.devices": 1,
        "fabric.precision": "32-true",
        "log_root": folder,
    }
    with initialize_config_module("sheeprl.configs", version_base="1.3"):
        composed = compose("config", [f"{key}={value}" for key, value in settings.items()])
    return dotdict(OmegaConf.to_container(composed, resolve=True, throw_on_missing=True))


class TrainingRun(threading.Thread):
    """SheepRL's training loop, paused between two measurements.

    The loop requests batches after every environment step and makes one update of each. A
    replacement of `sample_batches` can therefore notice the end of an update, pause the loop, and
    return more batches than requested. The latter makes updates (with target networks) without
    environment steps.
    """

    def __init__(self, config: Any) -> None:
        super().__init__(daemon=True)
        self._config = config
        name = config.algo.name
        module = import_module(f"sheeprl.algos.{name.removesuffix('_exploration')}.{name}")
        self._sample_batches = module.sample_batches
        module.sample_batches = self._batches
        self._orders: Queue[int] = Queue()
        self._answers: Queue[dict[str, float] | BaseException] = Queue()

    def run(self) -> None:
        try:
            self._await_order()
            run_algorithm(self._config)
            raise RuntimeError("SheepRL's training loop ended")
        except BaseException as error:  # otherwise the main thread would wait forever
            self._answers.put(error)

    def measure(self, steps: int) -> dict[str, float]:
        """Make environment steps with one update each, then as many updates without steps."""
        self._orders.put(steps)
        answer = self._answers.get()
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _await_order(self) -> None:
        self._steps = self._left = self._orders.get()
        self._start = time.perf_counter()

    def _batches(self, fabric: Any, cfg: Any, buffer: Any, count: int) -> Iterator[dict[str, Any]]:
        yield from self._sample_batches(fabric, cfg, buffer, count)
        self._left -= 1
        if self._left > 0:
            return
        before_updates = time.perf_counter()
        for _ in range(self._steps):
            yield from self._sample_batches(fabric, cfg, buffer, 1)
        self._answers.put(
            {
                "environment_steps": self._steps,
                "seconds": before_updates - self._start,
                "updates": self._steps,
                "update_seconds": time.perf_counter() - before_updates,
            }
        )
        self._await_order()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--version", required=True, choices=("dv1", "dv2", "dv3"))
    parser.add_argument("--task", required=True)
    parser.add_argument("--sizes", required=True, type=json.loads)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with TemporaryDirectory() as folder:
        config = configuration(options.version, options.task, options.sizes, Path(folder))
        training = TrainingRun(config)

        def describe() -> dict[str, object]:
            training.start()
            training.measure(WARMUP_UPDATES)
            return {
                "system": f"sheeprl p2e_{options.version}",
                "version": f"sheeprl {version('sheeprl')}, torch {torch.__version__}",
                "threads": torch.get_num_threads(),
                "precision": "float32",
            }

        serve(describe, training.measure)


if __name__ == "__main__":
    main()
