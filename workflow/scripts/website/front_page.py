"""The first page of the site: a finding for each published suite, and the way to everything else."""

import json
from pathlib import Path
from typing import Any

from website.documents import documents_of

# The suite that answers the question is the first.
MAIN = "core"
SECTIONS = {
    "The question": (
        "docs/method.md",
        "docs/tasks.md",
        "docs/glossary.md",
        "docs/experiments.md",
    ),
    "How to use it": (
        "README.md",
        "docs/your-own-task.md",
        "docs/settings.md",
        "docs/reproducibility.md",
        "docs/container.md",
        "docs/cluster.md",
    ),
}
REST = "The code"


def front_page(repository: Path, output: Path) -> str:
    """The page as Markdown; a report that is not in `output` has no link."""
    published = sorted(
        (path.parent for path in repository.glob("published/*/statistics.json")),
        key=lambda folder: (folder.name != MAIN, folder.name),
    )
    findings = [finding(folder, output) for folder in published]
    title = "# When does curiosity pay? Plan2Explore, MBPO and SAC"
    words = (
        "Each suite of runs has a report. Its finding is the first sentence of the report, taken "
        "from the published numbers."
    )
    return "\n\n".join([title, words, *findings, *contents(repository)]) + "\n"


def finding(folder: Path, output: Path) -> str:
    """A suite's heading, its first sentence, its size, and the link to its report."""
    statistics = json.loads((folder / "statistics.json").read_text(encoding="utf-8"))
    name = folder.name
    link = f'<p><a class="report" href="{name}/index.html">Report of the suite {name}</a></p>'
    built = (output / name / "index.html").is_file()
    return "\n\n".join(
        [
            f"## {name}",
            statistics["headline"]["sentence"].replace("$", "\\$"),
            size(statistics),
            link if built else "Its report is made by `make site`.",
        ]
    )


def size(statistics: dict[str, Any]) -> str:
    """How much a suite compares: its algorithms, tasks, and runs."""
    algorithms = ", ".join(f"`{name}`" for name in statistics["algorithms"])
    tasks = len(statistics["budgets"])
    return f"{algorithms}; {tasks} task{'' if tasks == 1 else 's'}."


def contents(repository: Path) -> list[str]:
    """The navigation: all documents, and the API."""
    placed = {document for section in SECTIONS.values() for document in section}
    rest = [document for document in documents_of(repository) if document not in placed]
    sections = {**SECTIONS, REST: ("api/p2e/index.md", *rest)}
    return [navigation(caption, list(pages)) for caption, pages in sections.items()]


def navigation(caption: str, pages: list[str]) -> str:
    """One section of the navigation."""
    return "\n".join(["```{toctree}", f":caption: {caption}", ":maxdepth: 1", *pages, "```"])
