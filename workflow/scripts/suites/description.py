"""The description of a suite: its parameters, read from files, and the list of its runs."""

from collections.abc import Sequence
from typing import Any

from program.repository import ROOT
from runs.settings.overlay import overlay
from suites.entries import suite_entries
from suites.limits import about_the_suite
from suites.parameter_errors import Parameters
from suites.parameters import check, read_source
from suites.variants import of_suite

BASE = "params.yaml"


def describe(parameters: Parameters) -> dict[str, Any]:
    """The content of suite.json: the parameters, and every run with its path and its command.

    Results are grouped by the case's name; `variant_of` is the algorithm that a variant's runs
    train. Of the limits in params.yaml only what is about the suite's algorithms is kept.
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
    limits = parameters.get("limits", [])
    if limits == read_source(str(ROOT / BASE)).values.get("limits"):
        parameters = {**parameters, "limits": about_the_suite(limits, parameters["algorithms"])}
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
