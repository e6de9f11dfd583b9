"""Imports between the folders of workflow/scripts point downwards and have no cycles."""

from graphlib import TopologicalSorter

from program.import_graph import imported_files
from tests.helpers.paths import SCRIPTS

PROGRAMS = "."
PARTS = (
    *("inference", "tables", "per_task", "over_tasks", "verdict", "statistics"),
    *("verification", "figures", "page", "watch"),
)
# Each may import from itself and from those before it; programs may not import each other.
ORDER = [
    "program",
    "runs",
    "runs/films",
    "suites",
    "progress",
    "reporting",
    *(f"reporting/{part}" for part in PARTS),
    "website",
]
FOLDER = {
    path: path.parent.relative_to(SCRIPTS).as_posix() for path in sorted(SCRIPTS.rglob("*.py"))
}


def test_imports_point_downwards() -> None:
    assert set(FOLDER.values()) == {*ORDER, PROGRAMS}
    for path, folder in FOLDER.items():
        allowed = ORDER if folder == PROGRAMS else ORDER[: ORDER.index(folder) + 1]
        found = {FOLDER[imported] for imported in imported_files(path) if imported in FOLDER}
        assert found <= set(allowed), path


def test_no_module_imports_itself_through_others() -> None:
    order = TopologicalSorter({path: imported_files(path) & FOLDER.keys() for path in FOLDER})
    assert len(list(order.static_order())) == len(FOLDER)
