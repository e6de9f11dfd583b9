"""The parts of a run, built from its settings: algorithm, environments, coverage."""

import torch

from envs import Task, make_vector, task_ids
from envs.principal_components import random_states
from p2e.algorithm import Algorithm, Problem
from p2e.algorithms import algorithm_module, is_import_path
from p2e.config import ConfigError
from p2e.loop.coverage import Coverage
from p2e.loop.environment import VectorEnvironment
from runs.settings.run_settings import RunSettings


def build_algorithm(
    settings: RunSettings, environment: VectorEnvironment, device: torch.device
) -> tuple[Problem, Algorithm]:
    """The algorithm with its initial weights, and the description of its problem."""
    problem = Problem(
        seeds=settings.seeds,
        observation_size=environment.observation_size,
        action_size=environment.action_size,
        steps=settings.steps,
        horizon=settings.task.horizon,
        terminated=settings.task.terminated,
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
    if is_import_path(settings.algorithm):
        build_algorithm(settings, environments_of(settings, 1)[0], torch.device("cpu"))


def environments_of(
    settings: RunSettings, episodes: int
) -> tuple[VectorEnvironment, VectorEnvironment]:
    """One environment per seed for training, and `episodes` per seed for evaluation."""
    training = make_vector(settings.task, seeds=list(settings.seeds))
    evaluation = make_vector(
        settings.task, seeds=[seed for seed in settings.seeds for _ in range(episodes)]
    )
    return training, evaluation


def coverage_of(settings: RunSettings) -> Coverage:
    """Empty visit counts on the task's projection; a grid without cells where it has none."""
    projection = settings.task_settings.projection_of(settings.task)
    if projection is None:
        return Coverage(None, 0, len(settings.seeds))
    return Coverage(projection.cells, projection.bins, len(settings.seeds))


TRIED_STEPS = 20


def try_environment(task: Task) -> None:
    """Take a few random steps in an environment that is not one of the benchmark's, before
    anything is written.

    Raises:
        InvalidEnvironmentError: in one line, when it cannot be used.
    """
    if task.id not in task_ids():
        random_states(task, TRIED_STEPS)
