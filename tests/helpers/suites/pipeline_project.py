"""A copy of this project in a separate folder, in which a test runs git, Snakemake and DVC."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from p2e.nn.native.library import library_folder
from suites.description import read
from tests.helpers.paths import ROOT

PARTS = ["Snakefile", "dvc.yaml", "requirements.txt", ".dvcignore", ".gitignore", ".dvc"]
PARTS += ["envs", "p2e", "workflow"]
NOTHING = "Nothing to be done"


@dataclass(frozen=True)
class Project:
    """A copy of the project in a separate folder."""

    folder: Path
    environment: dict[str, str]

    def run(self, *command: str, fails: bool = False) -> str:
        """What a command prints, after checking whether it succeeded."""
        result = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert (result.returncode != 0) == fails, result.stdout[-4000:]
        return result.stdout

    def planned_jobs(self, *options: str) -> dict[str, int]:
        """The jobs that Snakemake would run, counted by rule."""
        output = self.run("snakemake", "--dry-run", "--quiet", "rules", *options)
        if NOTHING in output:
            return {}
        counts = re.findall(r"^(\w+) +(\d+)$", output, re.MULTILINE)
        return {rule: int(count) for rule, count in counts if rule != "total"}

    def commit(self) -> None:
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--message", "state")

    def files(self) -> dict[str, int]:
        """Every file of the results and the report, with its modification time."""
        return {
            str(path.relative_to(self.folder)): path.stat().st_mtime_ns
            for top in ("results", "reports")
            for path in sorted((self.folder / top).rglob("*"))
            if path.is_file()
        }

    @contextmanager
    def edited(self, name: str, old: str, new: str) -> Iterator[None]:
        """The file with `old` replaced; restored afterwards."""
        path = self.folder / name
        before = path.read_text()
        assert old in before
        path.write_text(before.replace(old, new, 1))
        try:
            yield
        finally:
            path.write_text(before)

    @contextmanager
    def with_a_comment(self, name: str) -> Iterator[None]:
        """The file with a comment added below its first line; restored afterwards."""
        with self.edited(name, "\nfrom ", "\n# A comment.\nfrom "):
            yield


def isolated_environment(home: Path) -> dict[str, str]:
    """This process's environment, without the user's own git, DVC and Snakemake settings; compiled
    libraries are the user's, or each project would compile them."""
    dropped = ("SNAKEMAKE_", "GIT_", "DVC_", "PYTEST_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    cache, compiled = home / "cache", library_folder()
    cache.mkdir(exist_ok=True)
    if compiled.is_dir() and not (cache / compiled.name).exists():
        (cache / compiled.name).symlink_to(compiled)
    return kept | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "HOME": str(home),
        "XDG_CACHE_HOME": str(cache),
        "DVC_SITE_CACHE_DIR": str(home / "site"),
        "DVC_GLOBAL_CONFIG_DIR": str(home / "dvc"),
        "DVC_SYSTEM_CONFIG_DIR": str(home / "dvc"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{role}_NAME": "test" for role in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{role}_EMAIL": "test@localhost" for role in ("AUTHOR", "COMMITTER")},
    }


def copy_of_the_project(folder: Path, home: Path, suite: str) -> Project:
    """What the pipeline needs, under git, with the suite's numbers as its params.yaml."""
    project = Project(folder, isolated_environment(home))
    ignored = shutil.ignore_patterns("__pycache__", "cache", "tmp", "config.local")
    for part in PARTS:
        source, target = ROOT / part, folder / part
        if source.is_dir():
            shutil.copytree(source, target, ignore=ignored)
        else:
            shutil.copy(source, target)
    files = [str(ROOT / name) for name in ("params.yaml", f"workflow/suites/{suite}.yaml")]
    (folder / "params.yaml").write_text(yaml.safe_dump(read(files)))
    project.run("git", "init", "--quiet")
    project.commit()
    return project
