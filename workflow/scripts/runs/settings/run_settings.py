"""The settings of a run: checked and resolved."""

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch

from envs import Task
from envs.simulation.control_suite import NAMESPACE
from envs.simulation.make import foreign_packages
from p2e.algorithms import algorithm_module, is_import_path
from p2e.config import from_mapping, require
from p2e.loop.training_loop import TrainingConfig
from runs.settings.task_settings import TaskSettings

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
    task_settings: TaskSettings = field(default_factory=TaskSettings)

    @cached_property
    def task(self) -> Task:
        """What is known about the environment."""
        return self.task_settings.applied_to(self.environment)

    @property
    def foreign_modules(self) -> tuple[str, ...]:
        """The modules outside of this repository whose code determines the run's numbers."""
        of_algorithm = [self.algorithm] if is_import_path(self.algorithm) else []
        return (*of_algorithm, *foreign_packages(self.environment))

    @property
    def further_packages(self) -> tuple[str, ...]:
        """Installed packages whose numerics matter for this run, but not for every run."""
        return ("dm_control",) if self.environment.startswith(NAMESPACE) else ()

    def as_mapping(self) -> dict[str, Any]:
        """The settings resolved, with every default written out, as JSON can hold them; of the
        task, only what was given."""
        of_task = self.task_settings.given()
        return {
            "algorithm": self.algorithm,
            "environment": self.environment,
            "seeds": list(self.seeds),
            "steps": self.steps,
            "training": dataclasses.asdict(self.training),
            self.algorithm: dataclasses.asdict(self.algorithm_config),
            **({"task": of_task} if of_task else {}),
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
    """Check the arguments of a command line.

    Args:
        settings: {"training": {...}, "<algorithm>": {...}, "task": {...}}; omitted settings keep
            their defaults.

    Raises:
        ConfigError, InvalidEnvironmentError: in one line, naming key, value and what was expected.
    """
    known = sections_of(algorithm)
    require(steps > 0, "--steps", steps, "a number of environment steps greater than 0")
    for key in settings:
        require(key in known, "--settings", key, f"only the sections {list(known)}")
    sections = {key: settings.get(key, {}) for key in known}
    for key, section in sections.items():
        require(isinstance(section, Mapping), key, section, "a mapping of settings")
    configs = {key: from_mapping(known[key], section, key) for key, section in sections.items()}
    resolved = RunSettings(
        algorithm,
        environment,
        parse_seeds(seeds),
        steps,
        configs["training"],
        configs[algorithm],
        configs["task"],
    )
    _ = resolved.task  # an unknown environment is an error now
    return resolved


def sections_of(algorithm: str) -> dict[str, type[Any]]:
    """The sections that the settings of a run have, each with its configuration class.

    Raises:
        ConfigError: when there is no such algorithm.
    """
    algorithm_config = algorithm_module(algorithm).Config
    return {"training": TrainingConfig, algorithm: algorithm_config, "task": TaskSettings}


def with_defaults(algorithm: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The sections of a run's settings with every default written out, as JSON holds them; of the
    task, only what was given.

    Raises:
        ConfigError: for an unknown setting or an invalid value.
    """
    configs = {
        key: from_mapping(config, settings.get(key, {}), key)
        for key, config in sections_of(algorithm).items()
    }
    of_task = configs.pop("task").given()
    written = {key: dataclasses.asdict(config) for key, config in configs.items()}
    written |= {"task": of_task} if of_task else {}
    in_json: dict[str, Any] = json.loads(json.dumps(written))
    return in_json


def require_strict_possible(settings: RunSettings, device: torch.device, threads: int) -> None:
    """Refuse settings that are incompatible with `deterministic: strict`.

    Raises:
        ConfigError: in one line.
    """
    for name, value, needed in (
        ("--device", device.type, "cpu"),
        ("--threads", threads, 1),
        ("training.precision", settings.training.precision, "float32"),
    ):
        require(value == needed, name, value, f"{needed!r}, for 'deterministic' is 'strict'")
    # Compilers generate code for this machine's processor.
    compiled, needed = settings.training.compiled, "False or null, for 'deterministic' is 'strict'"
    require(not compiled, "training.compiled", compiled, needed)
