"""One training loop for every algorithm: act, store, learn the world, imagine, update the agent."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from p2e.algorithm import Algorithm, Problem, Stateful, forget_where, load_state_of, state_of
from p2e.batch import Transition
from p2e.config import require, require_positive
from p2e.loop.coverage import Coverage
from p2e.loop.environment import BoolArray, FloatArray, Step, VectorEnvironment
from p2e.loop.evaluation import evaluate
from p2e.loop.open_loop import EpisodeRecorder, Episodes, ObservedSpread, open_loop
from p2e.loop.part_seconds import PartSeconds
from p2e.loop.progress import Progress
from p2e.loop.recorder import Recorder, RunningEpisodes
from p2e.metrics import MetricsAverage, require_finite
from p2e.nn.generators import SeedGenerators


@dataclass(frozen=True)
class TrainingConfig:
    """Settings of the loop, the same for every algorithm.

    Args:
        warmup_steps: environment steps with uniform random actions and no update.
        evaluation_interval: environment steps between evaluations, the first before any step; one
            more at the end.
        evaluation_episodes: episodes of each evaluation, for each seed.
        log_interval: environment steps averaged in a row of losses.csv.
        open_loop_horizon: steps that a model predicts ahead, at each evaluation, to be compared
            with the truth.
        precision: of matrix products: "float32", or "medium", which rounds the factors of wide ones
            to bfloat16 on a CPU that multiplies those faster (AVX-512 BF16, AMX), and of all to
            TensorFloat-32 on a GPU. Elsewhere they are the same.
        compiled: let compiled programs compute the networks: on a CPU those of p2e/nn/native and
            p2e/agent/native, in float32 and on one core, which a C++ compiler makes once for each
            kind of processor, in some ten seconds; on a GPU the agent's update by torch.compile, in
            half a minute. Null for yes on a CPU where there is a compiler, and no elsewhere.
            Numbers agree within rounding; the manifest says which it was.
    """

    warmup_steps: int = 1000
    evaluation_interval: int = 1000
    evaluation_episodes: int = 10
    log_interval: int = 500
    open_loop_horizon: int = 20
    precision: str = "float32"
    compiled: bool | None = None

    def __post_init__(self) -> None:
        require_positive(
            self,
            "training",
            "evaluation_interval",
            "evaluation_episodes",
            "log_interval",
            "open_loop_horizon",
        )
        warmup = self.warmup_steps
        require(warmup >= 0, "training.warmup_steps", warmup, "a number of at least 0")
        known = "'float32' or 'medium'"
        require(
            self.precision in ("float32", "medium"), "training.precision", self.precision, known
        )


class TrainingLoop:
    """The state of one run: a group of seeds of one algorithm in one environment.

    Args:
        environment: one row a seed.
        evaluation_environment: evaluation_episodes rows a seed.
        coverage: visit counts, updated with every observation reached.

    What comes from the environment stays in the memory of the host; an algorithm takes to its
    device what it needs, in one copy rather than one for each array.
    """

    def __init__(
        self,
        problem: Problem,
        algorithm: Algorithm,
        environment: VectorEnvironment,
        evaluation_environment: VectorEnvironment,
        config: TrainingConfig,
        coverage: Coverage,
    ) -> None:
        self.problem, self.algorithm, self.config = problem, algorithm, config
        self.environment, self.evaluation_environment = environment, evaluation_environment
        self.coverage = coverage
        self.recorder = Recorder()
        self.part_seconds = PartSeconds()
        self.episodes = RunningEpisodes(problem.seeds)
        self.averages = MetricsAverage()
        self.seen = ObservedSpread(len(problem.seeds), problem.observation_size)
        self.warmup_actions = SeedGenerators(problem.seeds, "warm-up actions", problem.device)
        seeds = len(problem.seeds)
        self.step, self.seconds = 0, 0.0
        self.observation = tensor_of(environment.reset())
        self.first = torch.ones(seeds, dtype=torch.bool)
        memory_size = algorithm.explorer.memory_size
        self.memory = torch.zeros(seeds, memory_size, device=problem.device)
        self.intrinsic_return = torch.zeros(seeds, device=problem.device)

    def run(self, progress: Progress, save: Callable[[], None], save_interval: float) -> None:
        """Train to the end of the run.

        Args:
            save: called between steps, at most every `save_interval` seconds. When it is called
                changes nothing in the numbers.

        Raises:
            DivergenceError: when a logged quantity is not finite.
        """
        last_save = last_tick = time.monotonic()
        if self.step == 0:
            with self.part_seconds.evaluation:
                self._evaluate()
        while self.step < self.problem.steps:
            self.advance(progress)
            now = time.monotonic()
            self.seconds, last_tick = self.seconds + now - last_tick, now
            if now - last_save >= save_interval:
                save()
                last_save = time.monotonic()
        progress.close()

    def advance(self, progress: Progress) -> None:
        """One environment step of every seed, and what is learned from it."""
        transition, step = self._act()
        self.algorithm.store(transition)
        intrinsic = self.algorithm.intrinsic_reward(transition)
        if intrinsic is not None:
            self.averages.add({"intrinsic_reward": intrinsic})
        self.step += 1
        if self.step > self.config.warmup_steps:
            with self.part_seconds.world:
                self.averages.add(self.algorithm.learn_world())
            with self.part_seconds.imagination:
                self.averages.add(self.algorithm.imagine())
            with self.part_seconds.agents:
                self.averages.add(self.algorithm.update_agent())
        self._account(step, intrinsic, progress)  # while a GPU is still learning
        if self.step % self.config.log_interval == 0 or self.step == self.problem.steps:
            self._log(progress)
        if self.step % self.config.evaluation_interval == 0 or self.step == self.problem.steps:
            with self.part_seconds.evaluation:
                self._evaluate()

    def _act(self) -> tuple[Transition, Step]:
        policy, device = self.algorithm.explorer, self.problem.device
        self.seen.see(self.observation.numpy())
        with self.part_seconds.acting:
            observation = self.observation.unsqueeze(1).to(device, non_blocking=True)
            memory = self.memory.unsqueeze(1)
            if policy.memory_size > 0:
                memory = forget_where(memory, self.first.unsqueeze(1).to(device))
            if self.step < self.config.warmup_steps:
                action = self._warmup_action()
            else:
                action = policy.act(observation, memory, deterministic=False)
            acted = action.squeeze(1).cpu()
        with self.part_seconds.environment:
            step = self.environment.step(acted.numpy())
        transition = Transition(
            self.observation,
            acted,
            tensor_of(step.reward),
            tensor_of(step.next_observation),
            tensor_of(step.terminated),
            self.first,
            memory.squeeze(1).cpu(),
        )
        with self.part_seconds.acting:
            self.memory = policy.remember(observation, action, memory).squeeze(1)
        self.observation = tensor_of(step.observation)
        self.first = tensor_of(step.terminated | step.truncated)
        return transition, step

    def _warmup_action(self) -> Float[Tensor, "S 1 A"]:
        actions = self.algorithm.warmup_actions()
        if actions is not None:
            return actions.unsqueeze(1)
        return self.warmup_actions.uniform(-1.0, 1.0, 1, self.problem.action_size)

    def _account(
        self, step: Step, intrinsic: Float[Tensor, " S"] | None, progress: Progress
    ) -> None:
        progress.step()
        self.coverage.visit(step.next_observation)
        if intrinsic is not None:
            self.intrinsic_return += intrinsic
        ended = step.terminated | step.truncated
        for place, episode in self.episodes.add(step.reward.tolist(), ended.tolist()):
            row = episode | {"step": self.step, "seconds": round(self.seconds, 3)}
            if intrinsic is not None:
                row["intrinsic_return"] = float(self.intrinsic_return[place])
            self.intrinsic_return[place] = 0.0
            self.recorder.add("training", row)
            progress.episode(row["seed"], row["episode"], row["return"])

    def _log(self, progress: Progress) -> None:
        means = self.averages.means()
        self.averages.reset()
        require_finite(means, self.problem.seeds, self.step)
        for row, seed in enumerate(self.problem.seeds):
            values = {name: value[row] for name, value in means.items()}
            if values:
                self.recorder.add("losses", {"seed": seed, "step": self.step, **values})
                progress.losses(seed, values)

    def _evaluate(self) -> None:
        seeds, episodes = self.problem.seeds, self.config.evaluation_episodes
        recorder = EpisodeRecorder()
        results = evaluate(
            self.algorithm.task_policy,
            self.evaluation_environment,
            seeds,
            episodes,
            f"evaluation at step {self.step}, episode",
            self.problem.device,
            recorder,
        )
        for result in results:
            self.recorder.add("evaluation", {"step": self.step, **result.row()})
        lengths = torch.tensor([result.length for result in results], device=self.problem.device)
        self._compare_with_truth(recorder.episodes(lengths.view(len(seeds), episodes)))
        self.coverage.snapshot(self.step)

    def _compare_with_truth(self, episodes: Episodes) -> None:
        """The model's predictions on episodes that it was not trained on."""
        if self.step == 0:
            return  # nothing was seen yet that errors could be measured against
        spread = torch.from_numpy(self.seen.deviation).to(self.problem.device)
        horizon = self.config.open_loop_horizon
        predicted = open_loop(self.algorithm.predict, episodes, horizon, spread)
        if predicted is not None:
            now = {"step": self.step}
            for row in predicted.error_rows(self.problem.seeds):
                self.recorder.add("open_loop", now | row)
            examples = [now | row for row in predicted.example_rows(self.problem.seeds)]
            self.recorder.replace("predictions", examples)

    def state_dict(self) -> dict[str, Any]:
        """Everything that the run needs to go on bit-identically."""
        parts: dict[str, Stateful] = {
            "environment": self.environment,
            "recorder": self.recorder,
            "episodes": self.episodes,
            "part_seconds": self.part_seconds,
            "averages": self.averages,
            "warmup_actions": self.warmup_actions,
            "coverage": self.coverage,
            "seen": self.seen,
        }
        return {
            "algorithm": state_of(self.algorithm.components()),
            "parts": state_of(parts),
            "attributes": {name: getattr(self, name) for name in self._ATTRIBUTES},
        }

    _ATTRIBUTES = ("step", "seconds", "observation", "first", "memory", "intrinsic_return")

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Inverse of state_dict."""
        load_state_of(self.algorithm.components(), state["algorithm"])
        parts = {name: getattr(self, name) for name in state["parts"]}
        load_state_of(parts, state["parts"])
        for name in self._ATTRIBUTES:
            setattr(self, name, state["attributes"][name])


def tensor_of(array: FloatArray | BoolArray) -> Shaped[Tensor, "..."]:
    """A copy: environments may use their arrays again in the next step."""
    return torch.from_numpy(array).clone()
