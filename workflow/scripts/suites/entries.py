"""The runs that a suite consists of: tasks x cases x groups of seeds, each a training job."""

import json
import shlex
from dataclasses import dataclass

from envs.task import slug
from suites.group_size import group_sizes
from suites.parameter_errors import Parameters
from suites.parameters import settings_of
from suites.variants import base_algorithm


@dataclass(frozen=True)
class SuiteEntry:
    """One training job: one case in one environment for one group of seeds.

    Args:
        algorithm: the case's name, an algorithm's or that of a variant.
    """

    environment: str
    algorithm: str
    seeds: tuple[int, ...]
    steps: int
    settings: str
    device: str
    deterministic: str

    @property
    def key(self) -> tuple[str, str, str]:
        """The run's folder below runs/: environment/algorithm/seeds."""
        return slug(self.environment), self.algorithm, self.group

    @property
    def origin(self) -> dict[str, str]:
        """The algorithm of a variant; empty for an algorithm."""
        base = base_algorithm(self.algorithm)
        return {} if base == self.algorithm else {"variant_of": base}

    @property
    def group(self) -> str:
        """`0`, or `0-9` for ten seeds in one process."""
        first, last = self.seeds[0], self.seeds[-1]
        return str(first) if first == last else f"{first}-{last}"

    @property
    def arguments(self) -> str:
        """The arguments of train.py that decide the result, quoted for a shell."""
        return shlex.join(
            [
                *("--algorithm", base_algorithm(self.algorithm)),
                *("--environment", self.environment),
                *("--seeds", self.group, "--steps", str(self.steps)),
                *("--settings", self.settings, "--device", self.device),
                *(() if self.deterministic == "machine" else ("--deterministic", "strict")),
            ]
        )


def suite_entries(parameters: Parameters) -> list[SuiteEntry]:
    """The runs of a suite with checked parameters: tasks x cases x groups of seeds."""
    seeds = parameters["seeds"]
    groups = {
        case: seed_groups(seeds["first"], seeds["count"], size)
        for case, size in group_sizes(parameters).items()
    }
    return [
        SuiteEntry(
            environment=entry["environment"],
            algorithm=case,
            seeds=group,
            steps=int(entry["steps"]),
            settings=compact(settings_of(parameters, place, case)),
            device=parameters.get("device", "auto"),
            deterministic=parameters.get("deterministic", "machine"),
        )
        for place, entry in enumerate(parameters["tasks"])
        for case in parameters["algorithms"]
        for group in groups[case]
    ]


def seed_groups(first: int, count: int, group_size: int) -> list[tuple[int, ...]]:
    """Consecutive seeds in groups of `group_size`; the last group may be smaller."""
    seeds = range(first, first + count)
    return [tuple(seeds[start : start + group_size]) for start in range(0, count, group_size)]


def compact(value: object) -> str:
    """JSON without spaces and with sorted keys, so that equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
