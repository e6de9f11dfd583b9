"""Write the published answer and numbers into the README, each between two comments.

readme.py --statistics published/core/statistics.json --readme README.md
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(SCRIPTS), str(SCRIPTS.parents[1])]

from program.command_line import OneLineParser, run_program
from reporting.page.readme_block import published_answer, published_numbers

BLOCKS = {"published answer": published_answer, "published numbers": published_numbers}


class ReadmeError(Exception):
    """There is no place for the numbers; the message names the file and what is missing."""


def marks(block: str) -> tuple[str, str]:
    """The comments before and after a block."""
    return f"<!-- {block}: begin -->", f"<!-- {block}: end -->"


def replaced(readme: str, block: str, text: str, name: str = "README.md") -> str:
    """The README with a text as its block of this name.

    Raises:
        ReadmeError: without the two comments.
    """
    begin, end = marks(block)
    parts = re.split(f"({re.escape(begin)}|{re.escape(end)})", readme)
    if [part for part in parts if part in (begin, end)] != [begin, end]:
        raise ReadmeError(f"{name}: expected once '{begin}', then once '{end}'")
    return f"{parts[0]}{begin}\n\n{text}\n\n{end}{parts[4]}"


def with_published(readme: str, statistics: dict[str, Any], name: str = "README.md") -> str:
    """The README with all blocks as the statistics have them."""
    for block, write in BLOCKS.items():
        readme = replaced(readme, block, write(statistics), name)
    return readme


def main(arguments: list[str] | None = None) -> None:
    """Rewrite one README."""
    parser = OneLineParser(prog="readme.py", description=__doc__.splitlines()[0])
    parser.add_argument("--statistics", required=True, type=Path, help="statistics.json")
    parser.add_argument("--readme", required=True, type=Path, help="the file to rewrite")
    options = parser.parse_args(arguments)
    statistics = json.loads(options.statistics.read_text(encoding="utf-8"))
    text = options.readme.read_text(encoding="utf-8")
    written = with_published(text, statistics, options.readme.name)
    options.readme.write_text(written, encoding="utf-8")


if __name__ == "__main__":
    run_program("readme.py", main, ReadmeError)
