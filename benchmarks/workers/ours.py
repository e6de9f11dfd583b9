"""Measures our own training loop, set up as train.py does, or counts its matrix products."""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from checkout import import_from, imported, imported_if_there
from operation_count import counted_operations
from protocol import serve, timed

ROOT = Path(__file__).resolve().parents[2]
SETTLING_STEPS = 200  # from the warm-up to the first measurement


def watch(algorithm: Any, *methods: str) -> dict[str, float]:
    """The seconds spent in these methods from now on (on a GPU: in calling them)."""
    seconds = dict.fromkeys(methods, 0.0)

    def watched(name: str, method: Callable[[], Any]) -> Callable[[], Any]:
        def call() -> Any:
            start = time.perf_counter()
            metrics = method()
            seconds[name] += time.perf_counter() - start
            return metrics

        return call

    for name in methods:
        setattr(algorithm, name, watched(name, getattr(algorithm, name)))
    return seconds


def interval_of(config: Any) -> int:
    """Environment steps after which the work of a step repeats, such as a training of the model."""
    return max(
        getattr(config, name, 1)
        for name in ("model_interval", "update_interval", "steps_per_update")
    )


def compile_as_set(settings: Any, device: torch.device) -> bool:
    """Whether networks are computed by compiled programs from now on; in an older checkout, whether
    an update of the agent is."""
    choose_compiled = imported_if_there("choose_compiled")
    if choose_compiled is None:
        agent = getattr(settings.algorithm_config, "agent", None)
        return bool(getattr(agent, "compiled", False))
    return bool(choose_compiled(settings.training.compiled, device, strict=False))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--algorithm", required=True)
    parser.add_argument("--task", required=True)
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--steps", type=int, default=1_000_000, help="steps of the whole run")
    parser.add_argument("--settings", required=True, type=json.loads)
    parser.add_argument("--repository", type=Path, default=ROOT, help="the checkout to measure")
    parser.add_argument("--count", action="store_true", help="count operations, measure no time")
    return parser.parse_args()


def main() -> None:
    options = parse_arguments()
    import_from(options.repository)
    settings = imported("resolve_settings")(
        options.algorithm, options.task, options.seeds, options.steps, options.settings
    )
    training = settings.training
    imported("prepare_process")(training.precision, threads=1)
    device = torch.device(options.device)
    compiled = compile_as_set(settings, device)
    environment, evaluation = imported("environments_of")(settings, episodes=1)
    problem, algorithm = imported("build_algorithm")(settings, environment, device)
    coverage = imported("coverage_of")(settings)
    loop = imported("TrainingLoop")(problem, algorithm, environment, evaluation, training, coverage)
    progress = imported("Progress")(options.steps, 0)
    group = len(settings.seeds)
    seconds_in = watch(algorithm, "learn_world", "imagine", "update_agent")

    def advance(steps: int) -> None:
        for _ in range(steps):
            loop.advance(progress)
        if options.device == "cuda":
            torch.cuda.synchronize()

    def describe() -> dict[str, object]:
        advance(training.warmup_steps + SETTLING_STEPS)
        return {
            "system": "plan2explore-benchmark",
            "version": f"{imported('git_commit')()}, torch {torch.__version__}",
            "device": torch.cuda.get_device_name() if options.device == "cuda" else "cpu",
            "seeds": group,
            "threads": torch.get_num_threads(),
            "precision": training.precision,
            "rounds_products": imported("rounds_products")(problem.device),
            "compiled": compiled,
            "interval": interval_of(settings.algorithm_config),
            "steps_made": loop.step,
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

    def count(steps: int) -> dict[str, float]:
        operations = counted_operations(lambda: advance(steps))
        return {"environment_steps": steps * group, "operations": operations}

    serve(describe, count if options.count else measure)


if __name__ == "__main__":
    main()
