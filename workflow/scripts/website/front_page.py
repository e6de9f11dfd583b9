"""The first page of the site: a finding for each published suite, and the navigation."""

import json
from pathlib import Path
from typing import Any

from website.documents import documents_of
from website.markdown import prose

TITLE = "# When does curiosity pay? Plan2Explore, MBPO and SAC"
# The suite that answers the question is the first; the one that only shows how is the last.
MAIN, LAST = "core", "demo"
SECTIONS = {
    "The question": (
        "docs/method.md",
        "docs/tasks.md",
        "docs/glossary.md",
        "docs/experiments.md",
    ),
    "How to use it": (
        "docs/running.md",
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
        key=lambda folder: (folder.name != MAIN, folder.name == LAST, folder.name),
    )
    findings = [finding(folder, output) for folder in published]
    words = (
        "Each suite of runs asks one question. Its finding is a sentence made from its published "
        "numbers; its report shows the evidence. [How to run it](docs/running.md), [what it cannot "
        "tell](docs/method.md)."
    )
    return "\n\n".join([TITLE, words, *findings, *contents(repository)]) + "\n"


def finding(folder: Path, output: Path) -> str:
    """A suite's question and finding, and the link to its report."""
    statistics = json.loads((folder / "statistics.json").read_text(encoding="utf-8"))
    suite = json.loads((folder / "suite.json").read_text(encoding="utf-8"))
    name = folder.name
    link = f'<p><a href="{name}/index.html">Report of the suite {name}</a></p>'
    built = (output / name / "index.html").is_file()
    return "\n\n".join(
        [
            # Suites that were published before they had a question have their name alone.
            f"## {prose(suite.get('question', name))}",
            answer(statistics["headline"]),
            link if built else f"The report of the suite {name} is made by `make site`.",
        ]
    )


def answer(headline: dict[str, Any]) -> str:
    """The finding, its verdict in bold letters."""
    verdict = headline["verdict"]
    words = prose(headline["sentence"].removeprefix(verdict).strip())
    return f"**{prose(verdict)}** {words}" if verdict else words


def contents(repository: Path) -> list[str]:
    """The navigation: all documents, and the API."""
    placed = " ".join(page for section in SECTIONS.values() for page in section)
    rest = [document for document in documents_of(repository) if document not in placed]
    sections = {**SECTIONS, REST: ("The API of p2e <api/p2e/index.md>", *rest)}
    return [navigation(caption, list(pages)) for caption, pages in sections.items()]


def navigation(caption: str, pages: list[str]) -> str:
    """One section of the navigation."""
    return "\n".join(["```{toctree}", f":caption: {caption}", ":hidden:", *pages, "```"])
