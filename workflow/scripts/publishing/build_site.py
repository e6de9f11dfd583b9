"""Make the pages of the published suites: site/<suite>/index.html, with all that they link to.

build_site.py --published published --output site

The pages are made from the published runs as reports are made from finished ones, so they are not
in git. Before, `dvc pull` brings the runs. `build_docs.py` makes the pages beside them.
"""

import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(SCRIPTS), str(SCRIPTS.parents[1])]

from program.command_line import OneLineParser, run_program
from reporting.figures.figure_set import write_figures
from reporting.page.written_report import write_report
from reporting.statistics.analysis import analyse
from reporting.statistics.verification_result import read_verification
from reporting.tables.collect import collect_suite
from reporting.tables.summary import read_summary
from reporting.tables.task_facts import FactsOf, task_facts
from runs.files import ANSWER_PAGE, DETAILS_PAGE, POLICY
from suites.requested_runs import SuiteError

HEADER = re.compile(r"<header\b[^>]*>")
# From a report to the first page of the site, which build_docs.py makes.
WAY_BACK = '<p class="kicker"><a href="../index.html">All findings and documents</a></p>'
# A document of the repository, which build_docs.py makes a page of the site.
DOCUMENT = re.compile(r'"\.\./\.\./([^"#]+)\.md(?=[#"])')
LINK = re.compile(r'<a href="([^"#:]+)">([^<]*)</a>')


def build_suite(
    published: Path, site: Path, facts_of: FactsOf = task_facts, others: Sequence[str] = ()
) -> Path:
    """Write the pages of one published suite, from its runs; returns the first, which links to
    those of the other suites and to the first page of the site.

    Raises:
        SuiteError: when its runs or its description are missing.
    """
    if not (published / "runs").is_dir():
        raise SuiteError(f"{published}/runs: missing; `dvc pull` brings the published runs")
    shutil.rmtree(site, ignore_errors=True)
    tables, figures, films = site / "summary", site / "figures", site / "films"
    collect_suite(published, published / "suite.json", tables)
    summary = read_summary(tables)
    statistics = analyse(summary, facts_of)
    write_figures(statistics, summary, figures)
    if (published / "films").is_dir():
        shutil.copytree(published / "films", films)
    verification = read_verification(tables / "verification.json")
    write_report(summary, statistics, verification, figures, films, site, others)
    ignored = shutil.ignore_patterns(POLICY)
    shutil.copytree(published / "runs", site / "runs", ignore=ignored)
    for page in (site / ANSWER_PAGE, site / DETAILS_PAGE):
        text = with_links_inside(page.read_text(encoding="utf-8"), statistics.suite, site)
        shown = with_way_back(text) if page.name == ANSWER_PAGE else text
        page.write_text(shown, encoding="utf-8")
    return site / ANSWER_PAGE


def with_links_inside(page: str, suite: str, site: Path) -> str:
    """The report with its links to results/ and to documents led into the site, and without those
    to what is not there."""
    moved = page.replace(f'"../../results/{suite}/', '"')
    moved = DOCUMENT.sub(r'"../\1.html', moved)

    def checked(link: re.Match[str]) -> str:
        # The documents and the other suites' pages may be written later.
        there = link[1].startswith("../") or (site / link[1]).exists()
        return link[0] if there else link[2]

    return LINK.sub(checked, moved)


def with_way_back(page: str) -> str:
    """The report with a link to the site's first page at its beginning."""
    return HEADER.sub(lambda header: f"{header[0]}\n  {WAY_BACK}", page, count=1)


def main(arguments: list[str] | None = None) -> None:
    """Write the pages of all published suites, or of one."""
    parser = OneLineParser(prog="build_site.py", description=__doc__.splitlines()[0])
    parser.add_argument("--published", required=True, type=Path, help="all published suites")
    parser.add_argument("--output", required=True, type=Path, help="folder of the site")
    parser.add_argument("--suite", help="only this one")
    options = parser.parse_args(arguments)
    found = sorted(file.parent for file in options.published.glob("*/suite.json"))
    suites = [folder for folder in found if options.suite in (None, folder.name)]
    if not suites:
        raise SuiteError(f"{options.published}: no such suite is published there")
    for folder in suites:
        others = [other.name for other in found if other != folder]
        page = build_suite(folder, options.output / folder.name, others=others)
        print(f"build_site.py: {page}", flush=True)


if __name__ == "__main__":
    run_program("build_site.py", main, SuiteError)
