"""Which files a module from outside of this repository consists of, and their hash.

A run depends on them as it depends on this repository's own code: they are part of the code hash in
its manifest, of what a saved state has to share to be resumed, and of the Snakemake rules' `code`.
"""

import hashlib
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from program.import_graph import files_of_modules, imported_names, reachable
from program.repository import ROOT

INSTALLED = {"site-packages", "dist-packages"}


def foreign_files(name: str) -> list[Path]:
    """The files of the module `name` and of what it imports, sorted.

    Of a package, all .py files are included. Imports are followed within the folder that the
    module is imported from, and into this repository. In a folder of installed packages they are
    followed within the module's own top-level package only.

    Raises:
        ModuleNotFoundError: when there is no such module, or it has no files.
    """
    own, root = _own_files(name)
    top = name.partition(".")[0]
    return sorted(reachable(own, lambda path: _imports(path, root, top)))


def foreign_hash(*names: str) -> str:
    """sha256 over names and contents of the files of these modules.

    Files are named from the folder that the module is imported from, so that the hash is the same
    wherever that folder is.
    """
    digest = hashlib.sha256()
    for name in sorted(names):
        root = _own_files(name)[1]
        named = {_relative(path, root): path for path in foreign_files(name)}
        for relative, path in sorted(named.items()):
            digest.update(relative.encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def with_foreign_code(code: str, names: Iterable[str]) -> str:
    """A hash of this repository's code and of foreign modules; without any, `code` as it is."""
    modules = sorted(names)
    if not modules:
        return code
    return hashlib.sha256(f"{code} {foreign_hash(*modules)}".encode()).hexdigest()


def _own_files(name: str) -> tuple[list[Path], Path]:
    """The module's file, or all .py files of a package; and the folder it is imported from."""
    spec = find_spec(name)
    files: list[Path] = []
    places = [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []
    if spec is not None and spec.has_location and spec.origin is not None:
        files.append(Path(spec.origin))
        places = places or [Path(spec.origin)]
    files += [path for place in places if place.is_dir() for path in place.rglob("*.py")]
    if not files:
        raise ModuleNotFoundError(f"no files of a module '{name}'")
    resolved = {path.parent.resolve() / path.name for path in files}
    place = places[0].parent.resolve() / places[0].name
    root = place.parents[name.count(".")]
    # Importing a.b also runs a/__init__.py.
    return sorted(resolved | files_of_modules([name], root)), root


@cache
def _imports(path: Path, root: Path, top: str) -> frozenset[Path]:
    base = root if path.is_relative_to(root) else ROOT
    try:
        names = imported_names(path, base)
    except (SyntaxError, ValueError):  # no Python, or Python of another version
        return frozenset()
    installed = INSTALLED & set(root.parts)
    followed = {name for name in names if not installed or name.partition(".")[0] == top}
    return frozenset(files_of_modules(followed, base) | files_of_modules(names, ROOT))


def _relative(path: Path, root: Path) -> str:
    for base in (root, ROOT):
        if path.is_relative_to(base):
            return path.relative_to(base).as_posix()
    return path.name
