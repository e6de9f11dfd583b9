"""Which files of this repository a program consists of, found by following its imports.

A rule of the workflow depends on exactly these files, so that a change in one algorithm retrains
only that algorithm. What is not loaded by an import statement (an algorithm loaded by name, data
files) has to be listed in addition to the program.
"""

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

from program.repository import ROOT


def program_files(*names: str) -> list[str]:
    """The files `names` and all that they import, directly or not, relative to the root, sorted.

    Raises:
        FileNotFoundError: when one of `names` does not exist.
    """
    found = reachable([ROOT / name for name in names], imported_files)
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def reachable(files: Iterable[Path], imports: Callable[[Path], Iterable[Path]]) -> set[Path]:
    """The files and all that they import, directly or not, where `imports` says what one does."""
    found: set[Path] = set()
    waiting = list(files)
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += imports(path)
    return found


def module_file(name: str) -> str:
    """The file of the module `a.b`, relative to the root; for a package, its __init__.py."""
    place = ROOT.joinpath(*name.split("."))
    path = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    return path.relative_to(ROOT).as_posix()


@cache
def imported_files(path: Path) -> frozenset[Path]:
    """The files of this repository that the module at `path` imports directly.

    An import of `a.b` also runs a/__init__.py. Programs in workflow/scripts import each other by
    bare names, since Python puts a program's own folder on the path.
    """
    names = imported_names(path)
    return frozenset(files_of_modules(names, ROOT, ROOT / "workflow" / "scripts") - {path})


def files_of_modules(names: Iterable[str], *folders: Path) -> set[Path]:
    """The files that imports of these dotted names run, as far as they lie below the folders."""
    return {
        file for name in names for folder in folders for file in _files_of(folder, name.split("."))
    }


def imported_names(path: Path, root: Path | None = None) -> set[str]:
    """The dotted names that a module imports; for `from a import b` both `a` and `a.b`.

    Args:
        root: the folder from which modules are named, for relative imports; else the repository's.
    """
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = _base_of(node, path, root or ROOT)
            names |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return names


def _base_of(node: ast.ImportFrom, path: Path, root: Path) -> str:
    """The absolute name that `from ... import` starts from; relative imports are resolved."""
    if node.level == 0:
        return node.module or ""
    package = path.parents[node.level - 1].relative_to(root).parts
    return ".".join([*package, *filter(None, [node.module])])


def _files_of(folder: Path, parts: list[str]) -> Iterator[Path]:
    for length in range(1, len(parts) + 1):
        place = folder.joinpath(*parts[:length])
        for candidate in (place / "__init__.py", place.with_name(place.name + ".py")):
            if candidate.is_file():
                yield candidate
