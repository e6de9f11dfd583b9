"""Write the published numbers and their figure into the README, between two comments.

readme.py --statistics published/core/statistics.json --figures reports/core/figures \\
    --readme README.md
"""

import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from program.command_line import OneLineParser, run_program
from reporting.page.readme_block import HEADLINE_FIGURE, published_block

BEGIN, END = "<!-- published numbers: begin -->", "<!-- published numbers: end -->"


class ReadmeError(Exception):
    """There is no place for the numbers; the message names the file and what is missing."""


def replaced(readme: str, block: str, name: str = "README.md") -> str:
    """The text with the block in its place.

    Raises:
        ReadmeError: without the two comments.
    """
    parts = re.split(f"({re.escape(BEGIN)}|{re.escape(END)})", readme)
    if [part for part in parts if part in (BEGIN, END)] != [BEGIN, END]:
        raise ReadmeError(f"{name}: expected once '{BEGIN}', then once '{END}'")
    return f"{parts[0]}{BEGIN}\n\n{block}\n\n{END}{parts[4]}"


def on_white(figure: str) -> str:
    """The figure with a white background: its black text would be unreadable on a dark theme."""
    return figure.replace('style="', 'style="background: white; ', 1)


def main(arguments: list[str] | None = None) -> None:
    """Rewrite one README."""
    parser = OneLineParser(prog="readme.py", description=__doc__.splitlines()[0])
    parser.add_argument("--statistics", required=True, type=Path, help="statistics.json")
    parser.add_argument("--figures", required=True, type=Path, help="the report's figures")
    parser.add_argument("--readme", required=True, type=Path, help="the file to rewrite")
    options = parser.parse_args(arguments)
    statistics = json.loads(options.statistics.read_text(encoding="utf-8"))
    folder = options.statistics.parent
    block = published_block(statistics, folder.as_posix())
    text = options.readme.read_text(encoding="utf-8")
    options.readme.write_text(replaced(text, block, options.readme.name), encoding="utf-8")
    if statistics["headline"]["clauses"]:
        figure = (options.figures / "differences.svg").read_text(encoding="utf-8")
        (folder / HEADLINE_FIGURE).write_text(on_white(figure), encoding="utf-8")


if __name__ == "__main__":
    run_program("readme.py", main, ReadmeError)
