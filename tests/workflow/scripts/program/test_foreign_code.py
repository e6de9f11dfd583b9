"""Which files belong to a module of another package, and when their hash changes."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from program import foreign_code
from program.foreign_code import foreign_files, foreign_hash, with_foreign_code
from program.repository import ROOT

FILES = {
    "strange/__init__.py": "",
    "strange/one.py": "import strange_helper\nfrom . import two\nfrom p2e import batch\n",
    "strange/two.py": "import torch\n",
    "strange/unused.py": "",
    "strange/whole/__init__.py": "",
    "strange/whole/part.py": "",
    "strange/whole/deep/unparsable.py": "print 'Python 2'",
    "strange_helper.py": "",
    "unused.py": "",
}


def write(folder: Path) -> Path:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """Other tests import modules of the same names from other folders."""
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "strange"]:
        del sys.modules[name]
    foreign_code._imports.cache_clear()


def below(folder: Path, name: str) -> set[str]:
    files = foreign_files(name)
    return {file.relative_to(folder).as_posix() for file in files if file.is_relative_to(folder)}


def test_a_module_consists_of_what_it_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(write(tmp_path))
    own = {"strange/__init__.py", "strange/one.py", "strange/two.py", "strange_helper.py"}
    assert below(tmp_path, "strange.one") == own
    assert {ROOT / "p2e" / "batch.py", ROOT / "p2e" / "__init__.py"} <= {
        *foreign_files("strange.one")
    }
    assert all("torch" not in file.parts for file in foreign_files("strange.two"))


def test_a_package_consists_of_all_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(write(tmp_path))
    whole = {name for name in FILES if name.startswith("strange/whole/")}
    assert below(tmp_path, "strange.whole") == {"strange/__init__.py", *whole}


def test_of_installed_packages_the_others_do_not_belong_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = write(tmp_path / "site-packages")
    monkeypatch.syspath_prepend(installed)
    assert below(installed, "strange.one") == {
        "strange/__init__.py",
        "strange/one.py",
        "strange/two.py",
    }


@pytest.mark.parametrize(
    ("file", "matters"),
    [("strange/one.py", True), ("strange/two.py", True), ("strange/unused.py", False)],
)
def test_the_hash_is_of_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, matters: bool
) -> None:
    monkeypatch.syspath_prepend(write(tmp_path))
    before = foreign_hash("strange.one")
    assert foreign_hash("strange.one") == before
    (tmp_path / file).write_text(FILES[file] + "# A comment.\n")
    assert (foreign_hash("strange.one") != before) == matters


def test_the_hash_does_not_depend_on_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes = set()
    for name in ("here", "there"):
        with monkeypatch.context() as patch:
            patch.syspath_prepend(write(tmp_path / name))
            importlib.invalidate_caches()
            hashes.add(foreign_hash("strange.one", "strange.whole"))
        sys.modules.pop("strange")
    assert len(hashes) == 1


def test_without_foreign_modules_a_code_hash_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(write(tmp_path))
    assert with_foreign_code("abc", ()) == "abc"
    mixed = [with_foreign_code(code, ["strange.one"]) for code in ("abc", "abd")]
    assert len({*mixed, foreign_hash("strange.one"), "abc"}) == 4


@pytest.mark.parametrize("name", ["no_such_package", "sys"])
def test_a_module_without_files_is_named(name: str) -> None:
    with pytest.raises(ModuleNotFoundError, match=name):
        foreign_files(name)
