"""The description of a suite: its parameters, read from files, and the list of its runs."""

from collections.abc import Sequence
from typing import Any

from runs.settings.overlay import overlay
from suites.entries import suite_entries
from suites.parameter_errors import Parameters
from suites.parameters import check, read_source
from suites.variants import of_suite

BASE = "params.yaml"


def describe(parameters: Parameters) -> dict[str, Any]:
    """The content of suite.json: the parameters, and every run with its path and its command.

    Results are grouped by the case's name; `variant_of` is the algorithm that a variant's runs
    train.
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
        for run in suite_entries(parameters)
    ]
    return {**parameters, "runs": runs}


def read(files: Sequence[str]) -> Parameters:
    """Read parameter files, of which later ones override earlier ones, and check the result.

    Raises:
        ParameterError: in one line.
    """
    parameters: Parameters = {}
    sources = [read_source(name) for name in files]
    for source in sources:
        parameters = overlay(parameters, source.values)
    check(parameters, sources)
    return of_suite(parameters)
