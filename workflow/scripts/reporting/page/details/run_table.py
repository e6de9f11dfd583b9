"""What the page shows about single runs, and about their provenance."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from reporting.page.details.run_curves import RunCurves
from reporting.tables.run_folder import COMPLETE
from reporting.tables.summary import Summary, fact_of, seeds_of
from reporting.tables.task_facts import TaskFacts
from reporting.text import display_name, duration, joined, number, seed_group, slug
from runs.files import MANIFEST, SUMMARY_TABLES
from suites.variants import base_algorithm

RUN_COLUMNS = (
    ("Task", False),
    ("Algorithm", False),
    ("Seeds", True),
    ("Status", False),
    ("Steps", True),
    ("Time", True),
    ("Updates/s", True),
    ("Device", False),
)
RUN_FACTS = {
    "git_commit": "Commit",
    "code_hash": "Code hash",
    "cpu": "Processor",
    "threads": "Threads",
    "precision": "Precision",
    "compiled": "Compiled networks",
    "deterministic": "Deterministic",
    "environment_steps_per_second": "Environment steps a second",
    "attempts": "Attempts",
}
PROVENANCE = {
    "git_commit": "Commit",
    "device": "Device",
    "cpu": "Processor",
    "threads": "Threads a run",
    "precision": "Precision",
    "compiled": "Compiled networks",
    "python": "Python",
}
DECISIVE = {
    **{name: name.lower() for name in ("Commit", "Device", "Processor", "Precision")},
    **{"Compiled networks": "compilation of networks", "Python": "version of Python"},
}


def run_rows(summary: Summary, facts: dict[str, TaskFacts]) -> list[dict[str, Any]]:
    """The rows of the table of runs, with the details that each row can be opened to show."""
    curves, folder = RunCurves(summary), data_folder(summary)
    rows = []
    for run in summary.runs:
        row = _run_row(run, facts, folder)
        if run["status"] == COMPLETE:
            row["curves"] = curves.of(run["environment"], run["algorithm"], seeds_of(run))
        rows.append(row)
    return rows


@dataclass(frozen=True)
class Gap:
    """Runs of one task and algorithm that are unusable for the same reason."""

    environment: str
    algorithm: str
    status: str
    reason: str
    seeds: str
    path: str


def gaps(summary: Summary) -> list[Gap]:
    """The unusable runs, which may be many, grouped by task, algorithm and reason."""
    found: dict[tuple[str, str, str, str], list[dict[str, str]]] = {}
    for run in summary.unusable_runs():
        key = (run["environment"], run["algorithm"], run["status"], run["reason"])
        found.setdefault(key, []).append(run)
    return [Gap(*key, _seeds_of(runs), _path_of(runs)) for key, runs in found.items()]


def _seeds_of(runs: list[dict[str, str]]) -> str:
    groups = [run["seeds"] for run in runs]
    single = all(group.isdigit() for group in groups)
    return seed_group([int(group) for group in groups]) if single else ", ".join(groups)


def _path_of(runs: list[dict[str, str]]) -> str:
    """The path of the only run, or of the folder that holds all of them."""
    path = runs[0]["path"]
    return path if len(runs) == 1 else path.rpartition("/")[0]


def data_folder(summary: Summary) -> str:
    """The address of results/<suite> from the page, which is reports/<suite>/index.html."""
    return f"../../results/{quote(str(summary.suite['suite']))}"


def data_links(summary: Summary) -> list[tuple[str, str]]:
    """Names and addresses of the tables that all numbers come from."""
    names = [*SUMMARY_TABLES, "suite.json"]
    return [(name, f"{data_folder(summary)}/summary/{name}") for name in names]


def _run_row(run: dict[str, str], facts: dict[str, TaskFacts], folder: str) -> dict[str, Any]:
    # For a folder that is not in the suite, only the id as a path component is known.
    by_folder = {slug(id_): known for id_, known in facts.items()}
    known = facts.get(run["environment"]) or by_folder.get(run["environment"])
    first_seed = run["seeds"].replace(",", "-").split("-")[0]
    config = json.loads(run["config"] or "{}")
    return {
        **{key: run[key] for key in ("environment", "algorithm", "seeds", "status", "reason")},
        **{key: run[key] for key in ("path", "command", "device", "steps")},
        "task": known.name if known else run["environment"],
        "seed_order": first_seed,
        "steps_text": f"{int(run['steps']):,}" if run["steps"] else "",
        "seconds": run["seconds"],
        "seconds_text": duration(float(run["seconds"])) if run["seconds"] else "",
        "updates": run["updates_per_second"],
        "updates_text": number(float(run["updates_per_second"]))
        if run["updates_per_second"]
        else "",
        "facts": [(name, fact) for key, name in RUN_FACTS.items() if (fact := fact_of(run, key))],
        "files": [
            (name, f"{folder}/{quote(run['path'])}/{quote(name)}", digest)
            for name, digest in json.loads(run["files"] or "{}").items()
        ],
        "manifest": f"{folder}/{quote(run['path'])}/{MANIFEST}",
        "curves": [],
        "config": json.dumps(config, indent=2, ensure_ascii=False) if config else "",
    }


@dataclass(frozen=True)
class Provenance:
    """The provenance of the complete runs.

    facts: each fact's name with its distinct values. mixed: the facts, in words for a sentence,
    that differ between runs and can change their scores. uncommitted: whether some run was made
    with uncommitted changes.
    """

    facts: tuple[tuple[str, tuple[str, ...]], ...]
    mixed: tuple[str, ...]
    uncommitted: bool


def provenance(runs: list[dict[str, str]]) -> Provenance:
    """Collect the provenance of the complete runs."""
    complete = [run for run in runs if run["status"] == COMPLETE]
    facts = {name: _distinct(complete, key) for key, name in PROVENANCE.items()}
    mixed = [
        DECISIVE[name] for name, values in facts.items() if len(values) > 1 and name in DECISIVE
    ]
    # Algorithms may differ in their code version; variants of one should share its code.
    users: dict[str, list[str]] = {}
    for algorithm in dict.fromkeys(base_algorithm(run["algorithm"]) for run in complete):
        same = [run for run in complete if base_algorithm(run["algorithm"]) == algorithm]
        found = _distinct(same, "code_hash")
        for code in found:
            users.setdefault(code, []).append(display_name(algorithm))
        mixed += [f"code of {display_name(algorithm)}"] * (len(found) > 1)
    hashes = tuple(f"{joined(names)} {code}" for code, names in users.items())
    facts["Hash of the training code"] = hashes
    versions: dict[str, set[str]] = {}
    for run in complete:
        for package, version in json.loads(run["packages"] or "{}").items():
            versions.setdefault(package, set()).add(str(version))
    facts |= {package: tuple(sorted(found)) for package, found in sorted(versions.items())}
    mixed += [f"version of {package}" for package, found in versions.items() if len(found) > 1]
    uncommitted = any(run["git_commit"].endswith("-dirty") for run in complete)
    return Provenance(tuple(facts.items()), tuple(mixed), uncommitted)


def _distinct(runs: list[dict[str, str]], key: str) -> tuple[str, ...]:
    return tuple(sorted({fact for run in runs if (fact := fact_of(run, key))}))
