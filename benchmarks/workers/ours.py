"""Our own training loop, as train.py runs it."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

import torch

from p2e.progress import Progress
from p2e.training_loop import TrainingLoop
from process import prepare_process
from protocol import serve, timed
from provenance import git_commit
from runs import build_algorithm, coverage_of, environments_of, resolve_settings


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

    def repeat(action: Callable[[], object], times: int) -> None:
        for _ in range(times):
            action()
        if options.device == "cuda":
            torch.cuda.synchronize()

    def advance(steps: int) -> None:
        repeat(lambda: loop.advance(progress), steps)

    def update() -> None:
        algorithm.learn_world()
        algorithm.imagine()
        algorithm.update_agent()

    def describe() -> dict[str, object]:
        advance(training.warmup_steps + 200)
        return {
            "system": "plan2explore-benchmark",
            "version": f"{git_commit()}, torch {torch.__version__}",
            "threads": torch.get_num_threads(),
            "precision": training.precision,
        }

    def measure(steps: int) -> dict[str, float]:
        seconds = timed(lambda: advance(steps))
        before = algorithm.agent_updates
        update_seconds = timed(lambda: repeat(update, steps))
        return {
            "environment_steps": steps * group,
            "seconds": seconds,
            "updates": (algorithm.agent_updates - before) * group,
            "update_seconds": update_seconds,
        }

    serve(describe, measure)


if __name__ == "__main__":
    main()
