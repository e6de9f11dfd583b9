"""The parts of a run, built from its settings: algorithm, environments, coverage."""

import torch

from envs import make_vector, task
from p2e.algorithm import Algorithm, Problem
from p2e.algorithms import algorithm_module
from p2e.config import ConfigError
from p2e.loop.coverage import Coverage
from p2e.loop.environment import VectorEnvironment
from runs.settings import RunSettings


def build_algorithm(
    settings: RunSettings, environment: VectorEnvironment, device: torch.device
) -> tuple[Problem, Algorithm]:
    """The algorithm with its initial weights, and the description of its problem."""
    problem = Problem(
        seeds=settings.seeds,
        observation_size=environment.observation_size,
        action_size=environment.action_size,
        steps=settings.steps,
        terminated=task(settings.environment).terminated,
        device=device,
    )
    module = algorithm_module(settings.algorithm)
    algorithm = module.build(problem, settings.algorithm_config)
    if not isinstance(algorithm, Algorithm):
        raise ConfigError(
            f"'{settings.algorithm}.build' returned {type(algorithm).__name__}, "
            "expected a p2e.algorithm.Algorithm"
        )
    return problem, algorithm


def require_buildable(settings: RunSettings) -> None:
    """Build an algorithm of another package once, before anything of the run is written.

    Raises:
        ConfigError: when what it builds is no algorithm.
    """
    if settings.foreign_modules:
        build_algorithm(settings, environments_of(settings, 1)[0], torch.device("cpu"))


def environments_of(
    settings: RunSettings, episodes: int
) -> tuple[VectorEnvironment, VectorEnvironment]:
    """One environment per seed for training, and `episodes` per seed for evaluation."""
    training = make_vector(settings.environment, seeds=list(settings.seeds))
    evaluation = make_vector(
        settings.environment, seeds=[seed for seed in settings.seeds for _ in range(episodes)]
    )
    return training, evaluation


def coverage_of(settings: RunSettings) -> Coverage:
    """Empty visit counts on the task's declared projection."""
    projection = task(settings.environment).projection
    return Coverage(projection.cells, projection.bins, len(settings.seeds))
