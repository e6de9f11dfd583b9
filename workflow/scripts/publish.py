"""Publish a suite's report, numbers and runs: copy them to published/<suite>.

publish.py --suite core

Checkpoints, which are too large for git, and incomplete runs are not copied. The previous
publication stays until the new one is complete.
"""

import json
import re
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from program.command_line import OneLineParser, run_program
from reporting.tables.run_folder import COMPLETE
from reporting.tables.summary import read_runs
from runs.files import CHECKPOINT
from runs.settings import parse_seeds

# docs/method.md, "Protocol"
TUNING_SEEDS = range(100, 1000)
LINK = re.compile(r'<a href="([^"#:]+)">([^<]*)</a>')


class PublishError(Exception):
    """There is no finished report to publish; the message names what is missing."""


def publish(suite: str, root: Path = Path()) -> Path:
    """Replace published/<suite> by the contents of reports/<suite> and results/<suite>.

    Raises:
        PublishError: before anything is changed.
    """
    report, results = root / "reports" / suite, root / "results" / suite
    needed = [report / name for name in ("index.html", "statistics.json", "figures")]
    for path in (*needed, results / "summary", results / "runs"):
        if not path.exists():
            raise PublishError(
                f"there is no {path.relative_to(root).as_posix()}: write the report first"
            )
    statistics = json.loads((report / "statistics.json").read_text(encoding="utf-8"))
    refuse_tuning_seeds(statistics["runs"])
    if _told(statistics["runs"]) != _told(read_runs(results / "summary")):
        raise PublishError(
            f"reports/{suite} tells of other runs than results/{suite}/summary: "
            "write the report first"
        )
    published, staged = root / "published" / suite, root / "published" / f".{suite}"
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    shutil.copy(report / "statistics.json", staged)
    shutil.copytree(report / "figures", staged / "figures")
    if (report / "films").is_dir():
        shutil.copytree(report / "films", staged / "films")
    shutil.copytree(results / "summary", staged / "summary")
    for run in statistics["runs"]:
        if run["status"] == COMPLETE:
            copy_without_checkpoints(results / run["path"], staged / run["path"])
    page = (report / "index.html").read_text(encoding="utf-8")
    (staged / "index.html").write_text(page_there(page, suite, staged), encoding="utf-8")
    shutil.rmtree(published, ignore_errors=True)
    staged.rename(published)
    return published


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


def copy_without_checkpoints(runs: Path, folder: Path) -> None:
    """Copy a run or a folder of runs, without checkpoints and files of unfinished trainings."""
    shutil.copytree(runs, folder, ignore=shutil.ignore_patterns(CHECKPOINT, "unfinished"))


def page_there(page: str, suite: str, folder: Path) -> str:
    """The report with its links adjusted to published/; links to missing files are removed."""
    moved = page.replace(f'"../../results/{suite}/', '"')

    def checked(link: re.Match[str]) -> str:
        return link[0] if (folder / link[1]).exists() else link[2]

    return LINK.sub(checked, moved)


def main(arguments: list[str] | None = None) -> None:
    """Publish one suite."""
    parser = OneLineParser(prog="publish.py", description=__doc__.splitlines()[0])
    parser.add_argument("--suite", required=True, help="its name")
    print(f"published: {publish(parser.parse_args(arguments).suite)}")


if __name__ == "__main__":
    run_program("publish.py", main, PublishError)
