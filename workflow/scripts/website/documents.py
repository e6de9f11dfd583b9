"""The repository's documents with links that lead into the site, and the files that they name."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from website.markdown import write_page

TOP = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "published/README.md", "benchmarks/NOTES.md")
PICTURES = (".png", ".svg", ".webp", ".jpg", ".gif")
LANGUAGES = {".py": "python", ".yaml": "yaml", ".yml": "yaml", ".json": "json", ".sh": "bash"}
# What is code, fenced or within a line, holds no links.
CODE = re.compile(r"(^```.*?^```|`[^`\n]*`)", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<=\]\()([^)\s#]+)((?:#[^)\s]*)?)(?=\))")
PICTURE = re.compile(r'<(?:img|source)\b[^>]*?\bsrc(?:set)?="([^":]+)"')
# Longer than every fence in a file.
FENCE = "`" * 12


class DocumentError(ValueError):
    """A document's link cannot be led into the site."""


def documents_of(repository: Path) -> list[str]:
    """The documents that the site shows, relative to the repository."""
    docs = sorted(
        path.relative_to(repository).as_posix() for path in repository.glob("docs/**/*.md")
    )
    return [*TOP, *docs]


@dataclass
class Documents:
    """Copies documents from a repository into a folder of the same shape.

    Args:
        pictures: a second folder, for pictures that a document's HTML names; Sphinx does not know
            of them, and copies the folder as it is.
        sources: files of which a page shows the text; filled while documents are copied.
    """

    repository: Path
    target: Path
    pictures: Path
    sources: set[str] = field(default_factory=set)

    def copy(self, document: str) -> None:
        """Write one document, with what it shows, and note the files that it leads to."""
        text = (self.repository / document).read_text(encoding="utf-8")
        for picture in PICTURE.findall(CODE.sub("", text)):
            self._take(self._resolved(document, picture), self.pictures)
        # Every second part is code.
        parts = CODE.split(text)
        parts[::2] = [LINK.sub(lambda link: self._led(document, link), part) for part in parts[::2]]
        write_page(self.target / document, "".join(parts))

    def write_sources(self) -> None:
        """A page for each of the files that documents and the API lead to."""
        for source in sorted(self.sources):
            write_page(self.target / source_page(source), self._source_text(source))

    def _led(self, document: str, link: re.Match[str]) -> str:
        """The link as it is, if it leads to a document or out; otherwise to the page of a file."""
        if re.match(r"[a-z]+:", link[1]):
            return link[0]
        target = self._resolved(document, link[1])
        if target in documents_of(self.repository):
            return link[0]
        if target.endswith(PICTURES):
            self._take(target, self.target)
            return link[0]
        if (self.repository / target).is_dir():
            raise DocumentError(f"{document}: {link[0]}: a folder, which the site cannot show")
        up = "../" * document.count("/")
        if re.fullmatch(r"p2e/.*\.py", target):
            return f"{up}{api_page(target)}"
        self.sources.add(target)
        return f"{up}{source_page(target)}"

    def _resolved(self, document: str, link: str) -> str:
        path = (self.repository / document).parent.joinpath(link).resolve()
        if not path.exists() or not path.is_relative_to(self.repository):
            raise DocumentError(f"{document}: {link}: no file of the repository")
        return path.relative_to(self.repository).as_posix()

    def _take(self, picture: str, folder: Path) -> None:
        copy = folder / picture
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes((self.repository / picture).read_bytes())

    def _source_text(self, source: str) -> str:
        language = LANGUAGES.get(Path(source).suffix, "text")
        text = (self.repository / source).read_text(encoding="utf-8")
        return (
            # The search finds documents and the API, not every line of code.
            f"---\norphan: true\nnosearch: true\n---\n\n# {source}\n\n"
            f"{FENCE}{language}\n{text.rstrip()}\n{FENCE}\n"
        )


def api_page(module: str) -> str:
    """The page about a module or package of p2e, given its file."""
    path = Path("api", module)
    return path.with_name("index.md" if path.stem == "__init__" else f"{path.stem}.md").as_posix()


def source_page(source: str) -> str:
    """The page that shows a file's text."""
    return f"source/{source}.md"
