"""What a suite consists of: its runs, where each lies, and the command that reproduces it.

As a program it writes suite.json, from which the aggregation knows what to look for:
`python workflow/scripts/suite.py workflow/suites/demo.yaml --output FILE`. The files are laid over
params.yaml.
"""

import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from envs import task
from program.command_line import OneLineParser, run_program
from suites.parameter_errors import COMMAND_LINE, ParameterError, Parameters, Source
from suites.parameters import check, overlay, read_source, settings_of
from suites.variants import base_algorithm

BASE = "params.yaml"


@dataclass(frozen=True)
class Run:
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
        """The folders below runs/: environment, algorithm, seeds."""
        return task(self.environment).slug, self.algorithm, self.group

    @property
    def origin(self) -> dict[str, str]:
        """What a variant is a variant of; nothing for an algorithm."""
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


def planned_runs(parameters: Parameters) -> list[Run]:
    """The runs of a suite whose parameters are checked: tasks x cases x groups of seeds."""
    return [
        Run(
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
        for group in seed_groups(**parameters["seeds"])
    ]


def seed_groups(first: int, count: int, group_size: int) -> list[tuple[int, ...]]:
    """Consecutive seeds in groups of `group_size`; the last group may be smaller."""
    seeds = range(first, first + count)
    return [tuple(seeds[start : start + group_size]) for start in range(0, count, group_size)]


def describe(parameters: Parameters) -> dict[str, Any]:
    """The content of suite.json: the parameters, and every run with its path and its command.

    What results are grouped by is the case's name; `variant_of` is what a variant's runs train.
    """
    suite = parameters["suite"]
    runs = [
        {
            "environment": run.environment,
            "algorithm": run.algorithm,
            **run.origin,
            "seeds": list(run.seeds),
            "steps": run.steps,
            "path": (path := "/".join(["results", suite, "runs", *run.key])),
            "command": f"python workflow/scripts/train.py {run.arguments} --output {path}",
        }
        for run in planned_runs(parameters)
    ]
    return {**parameters, "runs": runs}


def compact(value: object) -> str:
    """JSON without spaces and with sorted keys: equal values are equal texts."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def read(files: Sequence[str]) -> Parameters:
    """Read files laid over each other, checked.

    Raises:
        ParameterError: in one line.
    """
    parameters: Parameters = {}
    sources = [read_source(name) for name in files]
    for source in sources:
        parameters = overlay(parameters, source.values)
    check(parameters, sources)
    return parameters


def main() -> None:
    """Write suite.json."""
    parser = OneLineParser(prog="suite.py", description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", help="laid over params.yaml, in this order")
    parser.add_argument("--parameters", help="all parameters as JSON, in place of files")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    if options.parameters is None:
        parameters = read([BASE, *options.files])
    else:
        parameters = json.loads(options.parameters)
        check(parameters, [Source(COMMAND_LINE, parameters)])
    options.output.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(describe(parameters), indent=2, sort_keys=True) + "\n"
    options.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    run_program("suite.py", main, ParameterError)
