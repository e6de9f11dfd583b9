"""Imports point downwards: the order of p2e's folders, and which may import which."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from program.import_graph import imported_files, imported_names
from tests.helpers.paths import ROOT

# Each folder imports only from those before its row, from itself, and from the vocabulary: the
# files at the top of p2e, which all may import.
FOLDERS: tuple[tuple[str, ...], ...] = (
    ("nn", "storage"),
    ("replay", "agent", "loop"),
    ("curiosity",),
    ("world", "dynamics", "on_policy"),
    ("exploration",),
    ("reward_free",),
    ("algorithms",),
)
RANK = {name: rank for rank, names in enumerate(FOLDERS) for name in names}
VOCABULARY = {"algorithm", "batch", "config", "metrics"}
P2E = sorted((ROOT / "p2e").rglob("*.py"))


def parts_of(path: Path) -> set[str]:
    """The folders and files at the top of p2e that a module imports from."""
    names = [name.split(".") for name in imported_names(path)]
    return {name[1] for name in names if name[0] == "p2e" and len(name) > 1}


def test_every_folder_has_a_rank() -> None:
    found = {path.name for path in (ROOT / "p2e").iterdir() if path.name != "__pycache__"}
    assert found == RANK.keys() | {f"{name}.py" for name in VOCABULARY | {"__init__"}}


@pytest.mark.parametrize("path", P2E, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_point_downwards(path: Path) -> None:
    own = path.relative_to(ROOT / "p2e").parts[0]
    allowed = VOCABULARY | {own} | {name for name in RANK if RANK[name] < RANK.get(own, 0)}
    assert parts_of(path) <= allowed


def test_a_folder_is_no_warehouse() -> None:
    for folder in {path.parent for path in P2E}:
        files = [path for path in folder.iterdir() if path.is_file()]
        assert len(files) <= 12, folder


def test_no_module_imports_itself_through_others() -> None:
    """Also within a folder, such as nn and its native/."""
    modules = {path for path in P2E if path.name != "__init__.py"}
    order = TopologicalSorter({path: imported_files(path) & modules for path in modules})
    assert len(list(order.static_order())) == len(modules)


@pytest.mark.parametrize(
    ("package", "strangers"),
    [("p2e", {"envs", "workflow"}), ("envs", {"p2e", "workflow"})],
)
def test_only_the_programs_join_algorithms_and_environments(
    package: str, strangers: set[str]
) -> None:
    programs = {path.stem for path in (ROOT / "workflow" / "scripts").iterdir()}
    for path in (ROOT / package).rglob("*.py"):
        roots = {imported.split(".")[0] for imported in imported_names(path)}
        assert not roots & (strangers | programs), path


def test_only_the_table_of_algorithms_imports_by_name() -> None:
    """An import by name is invisible to the workflow's rules, which follow import statements."""
    by_name = {
        path.relative_to(ROOT).as_posix()
        for path in P2E
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Name | ast.Attribute)
        and (node.id if isinstance(node, ast.Name) else node.attr)
        in ("import_module", "__import__")
    }
    assert by_name == {"p2e/algorithms/__init__.py"}
