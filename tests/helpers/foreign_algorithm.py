"""The example of CONTRIBUTING.md as a package in a folder of its own."""

import re
from pathlib import Path

from tests.helpers.paths import ROOT

NAME = "my_package.hill_climbing"
EXAMPLE = re.compile(r"## An algorithm of your own\n.*?```python\n(.*?)```", re.DOTALL)


def example() -> str:
    """The module's text."""
    found = EXAMPLE.search((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert found is not None
    return found[1]


def write_example(folder: Path) -> Path:
    """Write the package below the folder; returns the module's file."""
    module = folder.joinpath(*NAME.split(".")).with_suffix(".py")
    module.parent.mkdir(parents=True)
    (module.parent / "__init__.py").write_text("")
    module.write_text(example())
    return module
