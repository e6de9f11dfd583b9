"""What a run is: its settings, and the parts that train.py and evaluate.py build from them."""

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from envs import make_vector, task
from p2e.algorithm import Algorithm, Problem
from p2e.algorithms import algorithm_module
from p2e.config import ConfigError, from_mapping, require
from p2e.coverage import Coverage
from p2e.environment import VectorEnvironment
from p2e.training_config import TrainingConfig

SEEDS = re.compile(r"\d+(-\d+)?(,\d+(-\d+)?)*")


@dataclass(frozen=True)
class RunSettings:
    """Everything that determines a run's numbers, apart from code and machine."""

    algorithm: str
    environment: str
    seeds: tuple[int, ...]
    steps: int
    training: TrainingConfig
    algorithm_config: Any

    def as_mapping(self) -> dict[str, Any]:
        """The settings resolved, with every default written out, as JSON can hold them."""
        return {
            "algorithm": self.algorithm,
            "environment": self.environment,
            "seeds": list(self.seeds),
            "steps": self.steps,
            "training": dataclasses.asdict(self.training),
            self.algorithm: dataclasses.asdict(self.algorithm_config),
        }


def parse_seeds(text: str) -> tuple[int, ...]:
    """`3`, `0-9` or `0,2,5-7` as seeds.

    Raises:
        ConfigError: for anything else, a negative seed, or a seed named twice.
    """
    expected = "seeds of 0 or more such as '3', '0-9' or '0,2,5-7'"
    require(SEEDS.fullmatch(text) is not None, "--seeds", text, expected)
    seeds: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        seeds += range(int(first), int(last or first) + 1)
    require(len(seeds) > 0 and len(set(seeds)) == len(seeds), "--seeds", text, expected)
    return tuple(seeds)


def resolve_settings(
    algorithm: str, environment: str, seeds: str, steps: int, settings: Mapping[str, Any]
) -> RunSettings:
    """Check what a command line asks for.

    Args:
        settings: {"training": {...}, "<algorithm>": {...}}; what is left out keeps its default.

    Raises:
        ConfigError, UnknownEnvironmentError: in one line, naming key, value and what was expected.
    """
    module = algorithm_module(algorithm)
    task(environment)
    require(steps > 0, "--steps", steps, "a number of environment steps greater than 0")
    known = ("training", algorithm)
    for key in settings:
        require(key in known, "--settings", key, f"only the sections {list(known)}")
    sections = {key: settings.get(key, {}) for key in known}
    for key, section in sections.items():
        require(isinstance(section, Mapping), key, section, "a mapping of settings")
    return RunSettings(
        algorithm,
        environment,
        parse_seeds(seeds),
        steps,
        from_mapping(TrainingConfig, sections["training"], "training"),
        from_mapping(module.Config, sections[algorithm], algorithm),
    )


def with_defaults(algorithm: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The two sections of a run's settings with every default written out, as JSON holds them.

    Raises:
        ConfigError: for a setting that is not known or has no possible value.
    """
    sections = {"training": TrainingConfig, algorithm: algorithm_module(algorithm).Config}
    written = {
        key: dataclasses.asdict(from_mapping(config, settings.get(key, {}), key))
        for key, config in sections.items()
    }
    in_json: dict[str, Any] = json.loads(json.dumps(written))
    return in_json


def settings_of_manifest(manifest: Mapping[str, Any]) -> RunSettings:
    """The settings with which a finished run was trained."""
    try:
        config = manifest["config"]
        seeds = ",".join(str(seed) for seed in config["seeds"])
        sections = {key: config[key] for key in ("training", config["algorithm"])}
        return resolve_settings(
            config["algorithm"], config["environment"], seeds, config["steps"], sections
        )
    except (KeyError, TypeError) as error:
        raise ConfigError(f"manifest.json holds no usable 'config': {error}") from error


def build_algorithm(
    settings: RunSettings, environment: VectorEnvironment, device: torch.device
) -> tuple[Problem, Algorithm]:
    """The algorithm with its initial weights, and the problem as it was told."""
    problem = Problem(
        seeds=settings.seeds,
        observation_size=environment.observation_size,
        action_size=environment.action_size,
        steps=settings.steps,
        terminated=task(settings.environment).terminated,
        device=device,
    )
    module = algorithm_module(settings.algorithm)
    algorithm: Algorithm = module.build(problem, settings.algorithm_config)
    return problem, algorithm


def environments_of(
    settings: RunSettings, episodes: int
) -> tuple[VectorEnvironment, VectorEnvironment]:
    """One environment a seed for training, and `episodes` a seed for evaluation."""
    training = make_vector(settings.environment, seeds=list(settings.seeds))
    evaluation = make_vector(
        settings.environment, seeds=[seed for seed in settings.seeds for _ in range(episodes)]
    )
    return training, evaluation


def coverage_of(settings: RunSettings) -> Coverage:
    """Empty visit counts on the task's declared projection."""
    projection = task(settings.environment).projection
    return Coverage(projection.cells, projection.bins, len(settings.seeds))
