"""MBPO of mbrl-lib: the steps of its own `mbrl.algorithms.mbpo.train`, in the same order.

That function is one loop that cannot be paused, so the loop is written out here. Settings that are
not in --sizes are those of mbrl-lib's own HalfCheetah configuration. Differences from ours that
cannot be removed:

- The task is HalfCheetah-v4: mbrl-lib pins gymnasium 0.26.3, which has no v5. Observations, rewards
  and physics are those of v5 with its defaults; MuJoCo has the same version, NumPy is 1.26.
- A batch of the agent is all real (with probability real_share) or all imagined, never mixed.
- In the environment the agent takes the mode of its policy; ours samples.
- The target entropy is -1 and the temperature starts at 1; neither costs time.
- Real transitions are float64 (`normalize_double_precision`); imagined ones and networks are
  float32.
- The model: targets are not normalised, the bounds of the log-variance are not learned, all layers
  have one weight decay, the likelihood is not reweighted, one Adam serves all trainings, each
  member shuffles its own rows, and the number of held-out rows has no limit.
- A training of the model keeps its initial weights if no epoch improves on them, and stores the
  weights of all members when one improves. Patience (5 epochs), least improvement (1%), share of
  held-out rows (0.2) and learning rate (1e-3) are the same.
- `hidden` must be two equal sizes, all of `model_hidden` must be equal, and the rollouts after a
  training (model_interval * rollouts_per_step) must be a multiple of `elites`.

Everything else is made equal: mbrl-lib's evaluations, its printing, and the model and transitions
that it saves at each training are left out, because ours is measured without these. By itself it
would first train the model model_interval steps after the warm-up; here, as in ours, one step after
it.
"""

import argparse
import dataclasses
import functools
import json
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any
from unittest.mock import patch

import gymnasium
import numpy as np
import torch

from protocol import serve, timed

# hydra-core 1.0.3, which mbrl-lib pins, has fields whose defaults are instances of dataclasses, and
# Python 3.11 rejects defaults that cannot be hashed.
with patch("dataclasses.dataclass", functools.partial(dataclasses.dataclass, unsafe_hash=True)):
    import hydra.utils

import mbrl.models
import mbrl.planning
import mbrl.util.common as common
from mbrl.algorithms.mbpo import maybe_replace_sac_buffer, rollout_model_and_populate_sac_buffer
from mbrl.env.termination_fns import no_termination
from mbrl.planning.sac_wrapper import SACAgent
from omegaconf import DictConfig, OmegaConf

TASKS = {"HalfCheetah-v5": "HalfCheetah-v4"}
SETTLING_STEPS = 200  # from the warm-up to the first measurement, as in ours.py


def settings_of(sizes: dict[str, Any]) -> DictConfig:
    """mbrl-lib's own configuration of MBPO on HalfCheetah, with the given sizes."""
    hidden, model_hidden = sizes["hidden"], sizes["model_hidden"]
    if len(hidden) != 2 or len(set(hidden)) != 1 or len(set(model_hidden)) != 1:
        raise SystemExit("error: sizes that mbrl-lib's networks cannot have: see the docstring")
    folder = Path(mbrl.__file__).parent / "examples" / "conf"
    files = {
        "algorithm": "mbpo",
        "dynamics_model": "gaussian_mlp_ensemble",
        "overrides": "mbpo_halfcheetah",
    }
    theirs = {group: OmegaConf.load(folder / group / f"{f}.yaml") for group, f in files.items()}
    return OmegaConf.merge(
        {"seed": 0, "device": "cpu"},
        theirs,
        {
            "algorithm": {"real_data_ratio": sizes["real_share"], "dataset_size": 1_000_000},
            "dynamics_model": {
                "num_layers": len(model_hidden),
                "hid_size": model_hidden[0],
                "ensemble_size": sizes["members"],
            },
            "overrides": {
                "num_elites": sizes["elites"],
                "model_batch_size": sizes["model_batch_size"],
                "freq_train_model": sizes["model_interval"],
                "effective_model_rollouts_per_step": sizes["rollouts_per_step"],
                "num_sac_updates_per_step": sizes["updates_per_step"],
                "sac_hidden_size": hidden[0],
                "sac_batch_size": sizes["batch_size"],
            },
        },
    )


class Loop:
    """mbrl-lib's training loop, which can stop between environment steps; times its parts."""

    def __init__(self, task: str, sizes: dict[str, Any]) -> None:
        self.config = config = settings_of(sizes)
        self.horizon = sizes["rollout_length"]
        self.rollouts = sizes["model_interval"] * sizes["rollouts_per_step"]
        self.environment = gymnasium.make(TASKS[task])
        shapes = self.environment.observation_space.shape, self.environment.action_space.shape
        torch.manual_seed(config.seed)
        self.rng = np.random.default_rng(config.seed)
        mbrl.planning.complete_agent_cfg(self.environment, config.algorithm.agent)
        self.agent = SACAgent(hydra.utils.instantiate(config.algorithm.agent))
        # train() passes it to every update of the agent, even if it logs nothing.
        self._folder = tempfile.TemporaryDirectory()
        self.logger = mbrl.util.Logger(self._folder.name, enable_back_compatible=True)
        self.model = common.create_one_dim_tr_model(config, *shapes)
        self.real = common.create_replay_buffer(
            config, *shapes, np.double, np.double, np.double, rng=self.rng
        )
        most = self.rollouts * self.horizon * sizes["retained_trainings"]
        self.imagined = maybe_replace_sac_buffer(None, *shapes, most, config.seed)
        self.model_environment = mbrl.models.ModelEnv(
            self.environment,
            self.model,
            no_termination,
            None,
            torch.Generator().manual_seed(config.seed),
        )
        self.trainer = mbrl.models.ModelTrainer(
            self.model,
            optim_lr=config.overrides.model_lr,
            weight_decay=config.overrides.model_wd,
        )
        self.observation: np.ndarray | None = None
        self.steps = self.updates = 0
        self.model_seconds = self.rollout_seconds = self.update_seconds = 0.0

    def explore(self, steps: int) -> None:
        """Fill the replay buffer with random actions."""
        random = mbrl.planning.RandomAgent(self.environment)
        common.rollout_agent_trajectories(
            self.environment, steps, random, {}, replay_buffer=self.real
        )

    def advance(self, steps: int) -> None:
        """Make environment steps, with all updates that follow each."""
        for _ in range(steps):
            self._act()
            if self.steps % self.config.overrides.freq_train_model == 0:
                self.model_seconds += timed(self._train_model)
                self.rollout_seconds += timed(self._roll_out)
            self.update_seconds += timed(self._update_agent)
            self.steps += 1

    def _update_agent(self) -> None:
        """The updates that follow one environment step."""
        for _ in range(self.config.overrides.num_sac_updates_per_step):
            use_real = self.rng.random() < self.config.algorithm.real_data_ratio
            buffer = self.real if use_real else self.imagined
            if len(buffer) < self.config.overrides.sac_batch_size:
                break
            self.agent.sac_agent.update_parameters(
                buffer,
                self.config.overrides.sac_batch_size,
                self.updates,
                self.logger,
                reverse_mask=True,
            )
            self.updates += 1

    def _act(self) -> None:
        if self.observation is None:
            self.observation, _ = self.environment.reset()
        following, _, terminated, truncated, _ = common.step_env_and_add_to_buffer(
            self.environment, self.observation, self.agent, {}, self.real
        )
        self.observation = None if terminated or truncated else following

    def _train_model(self) -> None:
        common.train_model_and_save_model_and_data(
            self.model, self.trainer, self.config.overrides, self.real, work_dir=None
        )

    def _roll_out(self) -> None:
        rollout_model_and_populate_sac_buffer(
            self.model_environment,
            self.real,
            self.agent,
            self.imagined,
            self.config.algorithm.sac_samples_action,
            self.horizon,
            self.rollouts,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", required=True, choices=sorted(TASKS))
    parser.add_argument("--sizes", required=True, type=json.loads)
    options = parser.parse_args()
    torch.set_num_threads(1)
    loop = Loop(options.task, options.sizes)

    def describe() -> dict[str, object]:
        loop.explore(options.sizes["warmup_steps"])
        loop.advance(SETTLING_STEPS)
        return {
            "system": "mbrl-lib",
            "version": f"mbrl {version('mbrl')}, torch {torch.__version__}",
            "threads": torch.get_num_threads(),
            "precision": "float32",
        }

    def measure(steps: int) -> dict[str, float]:
        loop.model_seconds = loop.rollout_seconds = loop.update_seconds = 0.0
        before = loop.updates
        seconds = timed(lambda: loop.advance(steps))
        return {
            "environment_steps": steps,
            "seconds": seconds,
            "updates": loop.updates - before,
            "update_seconds": loop.update_seconds,
            "model_seconds": loop.model_seconds,
            "rollout_seconds": loop.rollout_seconds,
        }

    serve(describe, measure)


if __name__ == "__main__":
    main()
