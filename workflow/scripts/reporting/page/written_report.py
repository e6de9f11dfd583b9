"""A report as files: the page, the numbers that it shows, and what DVC shows of them."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from program.atomic_file import replace_file
from reporting.figures.figure_set import read_figures
from reporting.page import metrics
from reporting.page.dvc_plots import plot_tables
from reporting.page.html_page import render
from reporting.statistics.analysis import Statistics, as_json
from reporting.statistics.verification_result import Verification
from reporting.tables.film_files import read_films
from reporting.tables.summary import Summary


def write_report(
    summary: Summary,
    statistics: Statistics,
    verification: Verification | None,
    figures: Path,
    films: Path | None,
    output: Path,
    others: Sequence[str] = (),
) -> None:
    """Write index.html, details.html, statistics.json, metrics.json and the tables in plots/.

    Args:
        statistics: of the summary, as `analyse` makes them.
        figures, films: the folders of those that were made before.
        others: suites whose pages lie beside this one.

    Raises:
        OSError, ValueError: when a figure or film is missing or not readable.
    """
    shown = read_films(films, summary)
    statistics = dataclasses.replace(
        statistics, films=tuple(film for film, _ in shown.values()), verification=verification
    )
    pages = render(statistics, summary, read_figures(figures), shown, others)
    (output / "plots").mkdir(parents=True, exist_ok=True)
    replace_file(output / "statistics.json", as_json(statistics).encode())
    replace_file(output / "metrics.json", metrics.as_json(statistics).encode())
    for name, page in pages.items():
        replace_file(output / name, page.encode())
    for name, table in plot_tables(statistics).items():
        text = table.to_csv(index=False, lineterminator="\n")
        replace_file(output / name, text.encode())
