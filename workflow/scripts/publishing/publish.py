"""Publish a suite: copy what cannot be made from anything else to published/<suite>.

publish.py --suite core

The runs with their policies, the description of the suite, every number of the report, and the
films. The runs go to DVC, and with them the policies; `make site` makes the pages, figures and
summaries again. The previous publication stays until the new one is complete.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(SCRIPTS), str(SCRIPTS.parents[1])]

import yaml

from program.command_line import OneLineParser, run_program
from reporting.tables.run_folder import COMPLETE
from reporting.tables.summary import read_runs
from runs.files import RUNS_TABLE
from runs.settings.run_settings import parse_seeds

STORE = "store"  # the remote in .dvc/config
# docs/method.md, "Protocol"
TUNING_SEEDS = range(100, 1000)


class PublishError(Exception):
    """There is no finished report to publish; the message names what is missing."""


def publish(suite: str, root: Path = Path()) -> Path:
    """Replace published/<suite> by what is primary in reports/<suite> and results/<suite>.

    Raises:
        PublishError: before anything is changed.
    """
    report, results = root / "reports" / suite, root / "results" / suite
    summary = results / "summary"
    for path in (report / "statistics.json", summary / "suite.json", results / "runs"):
        if not path.exists():
            raise PublishError(
                f"there is no {path.relative_to(root).as_posix()}: write the report first"
            )
    statistics = json.loads((report / "statistics.json").read_text(encoding="utf-8"))
    refuse_tuning_seeds(statistics["runs"])
    if _told(statistics["runs"]) != _told(read_runs(summary)):
        raise PublishError(
            f"reports/{suite} tells of other runs than results/{suite}/summary: "
            "write the report first"
        )
    published, staged = root / "published" / suite, root / "published" / f".{suite}"
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    for file in (report / "statistics.json", summary / "suite.json", summary / RUNS_TABLE):
        shutil.copy(file, staged)
    if (report / "films").is_dir():
        shutil.copytree(report / "films", staged / "films")
    for run in statistics["runs"]:
        if run["status"] == COMPLETE:
            copy_run(results / run["path"], staged / run["path"])
    shutil.rmtree(published, ignore_errors=True)
    staged.rename(published)
    return published


def give_to_dvc(runs: Path) -> None:
    """Put runs under DVC and into the remote that git holds.

    Raises:
        PublishError: with what DVC says.
    """
    file = Path(f"{runs}.dvc")
    _dvc("add", str(runs))
    # They are pulled from there whatever other remote is the default one.
    description = yaml.safe_load(file.read_text(encoding="utf-8"))
    description["outs"][0]["remote"] = STORE
    file.write_text(yaml.safe_dump(description, sort_keys=False), encoding="utf-8")
    _dvc("push", str(file))


def _dvc(*arguments: str) -> None:
    done = subprocess.run(["dvc", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PublishError(f"dvc {' '.join(arguments)}: {done.stderr or done.stdout}")


def refuse_tuning_seeds(runs: list[dict[str, str]]) -> None:
    """What settings were chosen on is no evidence for them.

    Raises:
        PublishError: naming the first run with such a seed.
    """
    for run in runs:
        if set(parse_seeds(run["seeds"])) & set(TUNING_SEEDS):
            raise PublishError(
                f"{run['path']} has seeds for tuning ({TUNING_SEEDS[0]} to {TUNING_SEEDS[-1]}): "
                "publish runs on seeds that no setting was chosen on"
            )


def _told(runs: list[dict[str, str]]) -> list[tuple[str, ...]]:
    """What tells runs apart: no two trainings take the same seconds."""
    return [(run["path"], run["status"], run["seconds"]) for run in runs]


def copy_run(run: Path, folder: Path) -> None:
    """Copy a run without the files of an unfinished training."""
    shutil.copytree(run, folder, ignore=shutil.ignore_patterns("unfinished"))


def main(arguments: list[str] | None = None) -> None:
    """Publish one suite."""
    parser = OneLineParser(prog="publish.py", description=__doc__.splitlines()[0])
    parser.add_argument("--suite", required=True, help="its name")
    published = publish(parser.parse_args(arguments).suite)
    give_to_dvc(published / "runs")
    print(f"published: {published}; add it, and published/store, to git")


if __name__ == "__main__":
    run_program("publish.py", main, PublishError)
