"""Imports from a checkout of this repository, which may be older than this file."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

# Where a name is, and where it was.
HOMES: dict[str, tuple[str, ...]] = {
    "Progress": ("p2e.loop.progress", "p2e.progress"),
    "TrainingLoop": ("p2e.loop.training_loop", "p2e.training_loop"),
    "rounds_products": ("p2e.nn.products", "p2e.products"),
    "prepare_process": ("program.process", "process"),
    "choose_compiled": ("program.process",),
    "git_commit": ("program.provenance", "provenance"),
    "build_algorithm": ("runs.parts", "runs"),
    "coverage_of": ("runs.parts", "runs"),
    "environments_of": ("runs.parts", "runs"),
    "resolve_settings": ("runs.settings.run_settings", "runs.settings", "runs"),
}


def import_from(repository: Path) -> None:
    """Import from this checkout from now on."""
    sys.path[:0] = [str(repository), str(repository / "workflow" / "scripts")]


def imported(name: str) -> Any:
    """The class or function of this name, from the first of its modules that has it."""
    found = imported_if_there(name)
    if found is None:
        raise SystemExit(f"error: {sys.path[0]}: no {name} in {' or '.join(HOMES[name])}")
    return found


def imported_if_there(name: str) -> Any | None:
    """The same; None where the checkout does not have it."""
    for module in HOMES[name]:
        try:
            return getattr(import_module(module), name)
        except (ModuleNotFoundError, AttributeError):
            continue
    return None
