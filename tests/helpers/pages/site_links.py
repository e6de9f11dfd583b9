"""What the pages of a site load and lead to."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADING = {"script": "src", "img": "src", "source": "src", "iframe": "src", "video": "src"}
IN_STYLE = re.compile(r"(?:url\(\s*[\"']?|@import\s+[\"'])([^\"')]+)")


class SitePage(HTMLParser):
    """The anchors of a page, the addresses that it links, and those that it loads."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.anchors |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag == "link" and found.get("rel") not in ("index", "search", "next", "prev"):
            self.loads.append(found["href"])
        if tag in LOADING and LOADING[tag] in found:
            self.loads.append(found[LOADING[tag]])


def loaded_from_elsewhere(site: Path) -> set[str]:
    """What pages and style sheets load from a network, or from the root of a host."""
    loads = [load for path in site.rglob("*.html") for load in SitePage(path).loads]
    for path in site.rglob("*.css"):
        loads += IN_STYLE.findall(path.read_text(encoding="utf-8"))
    return {load for load in loads if re.match(r"(?!data:)[a-z]+:|/", load)}


def dead_links(site: Path) -> set[str]:
    """The links between pages that reach no file or no anchor, each after its page."""
    pages = {path: SitePage(path) for path in site.rglob("*.html")}
    return {
        f"{path.relative_to(site)}: {link}"
        for path, page in pages.items()
        for link in (*page.links, *page.loads)
        if not reaches(path, link, pages)
    }


def reaches(path: Path, link: str, pages: dict[Path, SitePage]) -> bool:
    """Whether a link leads out, or to a file, and to an anchor on it."""
    parts = urlsplit(link)
    if parts.scheme:
        return True
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    anchor = unquote(parts.fragment)
    # An anchor within a file that is no page is for the file's own program.
    known = pages[target].anchors if target in pages else {anchor}
    return target.is_file() and (not anchor or anchor in known)
