"""Make the site's pages beside the reports: findings, documents, API, and a search.

build_docs.py --output site

It runs in an environment with requirements-docs.txt alone, without PyTorch.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(SCRIPTS), str(SCRIPTS.parents[1])]

from program.repository import ROOT
from website.api_pages import write_api
from website.documents import DocumentError, Documents, documents_of
from website.front_page import front_page
from website.markdown import write_page

CONFIGURATION = ROOT / "workflow" / "site"


def write_sources(repository: Path, output: Path, folder: Path) -> None:
    """Write everything that Sphinx reads into an empty folder."""
    documents = Documents(repository, folder / "pages", folder / "pictures")
    for document in documents_of(repository):
        documents.copy(document)
    write_api(documents)
    documents.write_sources()
    write_page(documents.target / "index.md", front_page(repository, output))


def run_sphinx(folder: Path, output: Path) -> int:
    """Make HTML; a warning, such as a link that leads nowhere, is an error."""
    options = ["--quiet", "--fail-on-warning", "--builder", "html", "--fresh-env"]
    options += ["--doctree-dir", str(folder / "doctrees"), "--conf-dir", str(CONFIGURATION)]
    options += ["--define", f"html_extra_path={folder / 'pictures'}"]
    command = [sys.executable, "-m", "sphinx", *options, str(folder / "pages"), str(output)]
    return subprocess.run(command, check=False).returncode


def main(arguments: list[str] | None = None) -> None:
    """Write the pages into the folder of the site."""
    parser = argparse.ArgumentParser(prog="build_docs.py", description=__doc__.splitlines()[0])
    parser.add_argument("--output", required=True, type=Path, help="folder of the site")
    output = parser.parse_args(arguments).output
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            write_sources(ROOT, output, folder)
        except DocumentError as error:
            sys.exit(f"build_docs.py: error: {error}")
        if run_sphinx(folder, output):
            sys.exit("build_docs.py: error: Sphinx found the faults above")
    print(f"build_docs.py: {output / 'index.html'}")


if __name__ == "__main__":
    main()
