"""Measures our own training loop, set up as train.py does."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

import torch

from p2e.algorithm import Algorithm
from p2e.loop.progress import Progress
from p2e.loop.training_loop import TrainingLoop
from p2e.metrics import Metrics
from p2e.nn.products import rounds_products
from program.process import prepare_process
from program.provenance import git_commit
from protocol import serve, timed
from runs.parts import build_algorithm, coverage_of, environments_of
from runs.settings import resolve_settings


def watch(algorithm: Algorithm, *methods: str) -> dict[str, float]:
    """The seconds spent in these methods from now on (on a GPU: in calling them)."""
    seconds = dict.fromkeys(methods, 0.0)

    def watched(name: str, method: Callable[[], Metrics]) -> Callable[[], Metrics]:
        def call() -> Metrics:
            start = time.perf_counter()
            metrics = method()
            seconds[name] += time.perf_counter() - start
            return metrics

        return call

    for name in methods:
        setattr(algorithm, name, watched(name, getattr(algorithm, name)))
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--algorithm", required=True)
    parser.add_argument("--task", required=True)
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--steps", type=int, default=1_000_000, help="steps of the whole run")
    parser.add_argument("--settings", required=True, type=json.loads)
    options = parser.parse_args()
    settings = resolve_settings(
        options.algorithm, options.task, options.seeds, options.steps, options.settings
    )
    prepare_process(settings.training.precision, threads=1)
    environment, evaluation = environments_of(settings, episodes=1)
    problem, algorithm = build_algorithm(settings, environment, torch.device(options.device))
    training, coverage = settings.training, coverage_of(settings)
    loop = TrainingLoop(problem, algorithm, environment, evaluation, training, coverage)
    progress = Progress(options.steps, 0)
    group = len(settings.seeds)
    seconds_in = watch(algorithm, "learn_world", "imagine", "update_agent")

    def advance(steps: int) -> None:
        for _ in range(steps):
            loop.advance(progress)
        if options.device == "cuda":
            torch.cuda.synchronize()

    def describe() -> dict[str, object]:
        advance(training.warmup_steps + 200)
        return {
            "system": "plan2explore-benchmark",
            "version": f"{git_commit()}, torch {torch.__version__}",
            "device": torch.cuda.get_device_name() if options.device == "cuda" else "cpu",
            "seeds": group,
            "threads": torch.get_num_threads(),
            "precision": training.precision,
            "rounds_products": rounds_products(problem.device),
        }

    def measure(steps: int) -> dict[str, float]:
        seconds_in.update(dict.fromkeys(seconds_in, 0.0))
        before = algorithm.agent_updates
        seconds = timed(lambda: advance(steps))
        parts = dict(seconds_in)
        # MBPO trains its model at intervals; Plan2Explore trains its world model in every update.
        learning = parts["update_agent"] if options.algorithm == "mbpo" else sum(parts.values())
        if options.device == "cuda":  # a call returns before the work is done
            learning = seconds
        return {
            "environment_steps": steps * group,
            "seconds": seconds,
            "updates": (algorithm.agent_updates - before) * group,
            "update_seconds": learning,
            "model_seconds": parts["learn_world"],
            "rollout_seconds": parts["imagine"],
        }

    serve(describe, measure)


if __name__ == "__main__":
    main()
