"""Links in the documents lead to files and headings that are there."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.helpers.paths import ROOT

DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *(ROOT / folder / "README.md" for folder in ("published", "results", "reports")),
    ROOT / "benchmarks" / "NOTES.md",
]
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    found: set[str] = set()
    text = FENCE.sub("", document.read_text(encoding="utf-8"))
    for heading in re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        place = 0
        while (numbered := f"{slug}-{place}" if place else slug) in found:
            place += 1
        found.add(numbered)
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(document: Path) -> None:
    text = FENCE.sub("", document.read_text(encoding="utf-8"))
    for link in LINK.findall(text):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (document.parent / name).resolve() if name else document
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def test_the_readme_links_to_what_github_shows() -> None:
    """GitHub shows files that are in git, and HTML only as text."""
    text = FENCE.sub("", (ROOT / "README.md").read_text(encoding="utf-8"))
    links = [*LINK.findall(text), *re.findall(r'(?:src|srcset|href)="([^"]+)"', text)]
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    shown = {name for name in tracked.stdout.split("\n") if not name.endswith(".html")}
    files = {link.partition("#")[0] for link in links if not re.match(r"[a-z]+:|#", link)}
    assert files
    assert files <= shown
