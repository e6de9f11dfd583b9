"""Imports between the folders of workflow/scripts point downwards and have no cycles; no folder of
the workflow is too full to be read at a glance."""

from collections import Counter
from graphlib import TopologicalSorter

from program.import_graph import imported_files
from tests.helpers.paths import ROOT, SCRIPTS

PROGRAMS = (".", "publishing")
PARTS = (
    *("inference", "tables", "per_task", "over_tasks", "verdict", "statistics", "verification"),
    *("figures/drawing", "figures/plots", "figures", "page/answer", "page/details", "page"),
    "watch",
)
# Each may import from itself and from those before it; programs may not import each other.
ORDER = [
    "program",
    "runs/settings",
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
MOST_FILES = 12


def test_imports_point_downwards() -> None:
    assert set(FOLDER.values()) == {*ORDER, *PROGRAMS}
    for path, folder in FOLDER.items():
        allowed = ORDER if folder in PROGRAMS else ORDER[: ORDER.index(folder) + 1]
        # A package's own file has no code.
        found = {
            FOLDER[each] for each in imported_files(path) & FOLDER.keys() if each.stem[0] != "_"
        }
        assert found <= set(allowed), path


def test_no_module_imports_itself_through_others() -> None:
    order = TopologicalSorter({path: imported_files(path) & FOLDER.keys() for path in FOLDER})
    assert len(list(order.static_order())) == len(FOLDER)


def test_no_folder_is_crowded() -> None:
    files = (path for path in (ROOT / "workflow").rglob("*") if path.is_file())
    sizes = Counter(path.parent for path in files if "__pycache__" not in path.parts)
    assert {folder for folder, size in sizes.items() if size > MOST_FILES} == set()
