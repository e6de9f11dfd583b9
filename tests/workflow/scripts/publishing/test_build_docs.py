"""The site: every link leads somewhere, from disk and on any host, and its search finds words."""

import ast
import html
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.helpers.pages.axe import fetch_axe, violations
from tests.helpers.pages.browser import chromium, new_page, problems_of
from tests.helpers.pages.site_links import SitePage, dead_links, loaded_from_elsewhere
from tests.helpers.paths import ROOT
from website.documents import DocumentError, Documents
from website.front_page import front_page

PYTHON = ROOT / ".venv-docs" / "bin" / "python"
SUITES = sorted(path.parent.name for path in (ROOT / "published").glob("*/statistics.json"))
BUILT = "core"
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
CURLED = "\N{RIGHT SINGLE QUOTATION MARK}"
MODULES = sorted(path for path in (ROOT / "p2e").rglob("*.py") if path.stem != "__init__")


def needs_generator() -> None:
    if not PYTHON.exists():
        pytest.skip("no generator of the site: `make .venv-docs/.ready` installs it")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of this repository, in which one report was made before."""
    needs_generator()
    folder = tmp_path_factory.mktemp("host") / "below"
    report = folder / BUILT / "index.html"
    report.parent.mkdir(parents=True)
    report.write_text("<title>The report</title>", encoding="utf-8")
    program = ROOT / "workflow/scripts/publishing/build_docs.py"
    made = subprocess.run(
        [PYTHON, program, "--output", folder], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, str]:
    return {
        path.relative_to(site).as_posix(): path.read_text(encoding="utf-8")
        for path in site.rglob("*.html")
    }


def words_of(page: str) -> str:
    """A page's text, without what the typesetter changes in it."""
    text = html.unescape(re.sub(r"<[^>]+>", "", page))
    return " ".join(text.replace(CURLED, "'").split())


def test_every_link_and_anchor_is_there(site: Path) -> None:
    assert not dead_links(site)


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    assert not loaded_from_elsewhere(site)


@pytest.mark.parametrize("suite", SUITES)
def test_each_suite_has_its_finding(pages: dict[str, str], suite: str) -> None:
    statistics = json.loads((ROOT / "published" / suite / "statistics.json").read_text())
    assert words_of(statistics["headline"]["sentence"]) in words_of(pages["index.html"])
    assert (f'href="{suite}/index.html"' in pages["index.html"]) == (suite == BUILT)


def test_the_front_page_begins_with_the_answer_and_ends_with_the_demo(tmp_path: Path) -> None:
    page = front_page(ROOT, tmp_path)
    suites = re.findall(r"The report of the suite (\w+) is", page)
    assert sorted(suites) == SUITES and (suites[0], suites[-1]) == ("core", "demo")
    for suite in suites:
        statistics = json.loads((ROOT / "published" / suite / "statistics.json").read_text())
        assert f"**{statistics['headline']['verdict']}** " in page


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.stem)
def test_each_document_is_in_the_navigation(site: Path, path: Path) -> None:
    assert f"docs/{path.stem}.html" in SitePage(site / "index.html").links


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_public_class_and_function_is_in_the_api(site: Path, path: Path) -> None:
    module = path.relative_to(ROOT).with_suffix("")
    found = SitePage(site / "api" / module.with_suffix(".html")).anchors
    names = {
        f"{'.'.join(module.parts)}.{node.name}"
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_")
    }
    assert names <= found


def test_the_api_has_lower_layers_first(pages: dict[str, str]) -> None:
    words = pages["api/p2e/index.html"].split('role="main"')[1]
    order = [words.index(f'href="{name}/index.html"') for name in ("nn", "agent", "algorithms")]
    assert order == sorted(order)


def test_the_api_explains_arguments_and_shapes(pages: dict[str, str]) -> None:
    words = words_of(pages["api/p2e/agent/soft_actor_critic.html"])
    assert "acting_noise: what explore draws from; None for independent draws." in words
    assert re.search(r"Float\[Tensor, '[A-Z ]+'\]", words)


@pytest.fixture(params=[1280, 390])
def width(request: pytest.FixtureRequest) -> Iterator[int]:
    yield request.param


def test_the_search_finds_a_word_from_disk(site: Path, width: int) -> None:
    with chromium() as browser:
        page = new_page(browser, width, 900)
        problems = problems_of(page)
        page.goto((site / "docs" / "glossary.html").as_uri())
        if width < 500:
            page.locator("label.nav-overlay-icon").first.click()
        page.get_by_placeholder("Search").fill("disagreement")
        page.get_by_placeholder("Search").press("Enter")
        page.get_by_role("link", name="Glossary").last.wait_for()
        # Results are listed one by one and move down when the count above them is written: a click
        # before that may meet the neighbour.
        page.get_by_text("Search finished").wait_for()
        page.locator("#search-results a", has_text="p2e.curiosity.disagreement").first.click()
        page.get_by_role("heading", name="disagreement").first.wait_for()
        assert page.url.split("?")[0].split("#")[0] == (
            (site / "api/p2e/curiosity/disagreement.html").as_uri()
        )
        assert not problems


def test_no_page_is_wider_than_a_phone(site: Path) -> None:
    with chromium() as browser:
        page = new_page(browser, 390, 900)
        for name in ("index", "README", "docs/tasks", "docs/settings", "api/p2e/agent/actor"):
            page.goto((site / f"{name}.html").as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, name


def written_by_hand(site: Path) -> list[str]:
    """The pages of documents and the search; pages of the API all have one form."""
    names = (path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    form = "api/p2e/agent/actor.html"
    return [name for name in names if name == form or not name.startswith(("api/", "source/"))]


@pytest.mark.parametrize(("size", "scheme"), [(1280, "light"), (390, "dark")])
def test_axe_finds_nothing_on_the_documents(
    site: Path, tmp_path: Path, size: int, scheme: str
) -> None:
    axe = fetch_axe(tmp_path)
    names = [name for name in written_by_hand(site) if name != f"{BUILT}/index.html"]
    assert {"index.html", "search.html", "docs/experiments.html", "README.html"} <= set(names)
    with chromium() as browser:
        page = new_page(browser, size, 900, color_scheme=scheme)
        found = {}
        for name in names:
            page.goto((site / name).as_uri())
            found[name] = violations(page, axe)
        assert {name: broken for name, broken in found.items() if broken} == {}


def test_every_page_has_one_first_heading(pages: dict[str, str]) -> None:
    counts = {
        name: page.count("<h1") for name, page in pages.items() if name != f"{BUILT}/index.html"
    }
    assert {name: count for name, count in counts.items() if count != 1} == {}


def test_formulas_need_no_network(tmp_path: Path) -> None:
    needs_generator()
    (tmp_path / "index.md").write_text("# A page\n\n$r^2$ and\n\n$$\\frac{a}{b}$$\n")
    options = ("-m", "sphinx", "--quiet", "--conf-dir", ROOT / "workflow/site")
    subprocess.run([PYTHON, *options, tmp_path, tmp_path / "out"], check=True)
    text = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "<msup>" in text and "<mfrac>" in text
    assert not loaded_from_elsewhere(tmp_path / "out")


def test_the_workflow_of_github_pages_makes_and_takes_the_site() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/pages.yml").read_text(encoding="utf-8"))
    steps = workflow["jobs"]["build"]["steps"]
    assert {"run": "make site"} in steps
    assert steps[-1]["with"]["path"] == "site"
    assert re.search(r"^site:.*\n(\t.*\n)*\t.*--output site$", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize("link", ["missing.py", "../other.md", "docs"])
def test_a_link_that_cannot_be_shown_is_named(tmp_path: Path, link: str) -> None:
    repository = tmp_path / "repository"
    (repository / "docs").mkdir(parents=True)
    (repository / "README.md").write_text(f"[there]({link})\n")
    with pytest.raises(DocumentError, match=rf"README.md: .*{re.escape(link)}"):
        Documents(repository, tmp_path / "pages", tmp_path / "pictures").copy("README.md")
