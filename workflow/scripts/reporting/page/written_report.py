"""A report as files: the page, the numbers that it shows, and what DVC shows of them."""

import dataclasses
from pathlib import Path

from program.atomic_file import replace_file
from reporting.figures.figure_set import read_figures
from reporting.page import metrics
from reporting.page.dvc_plots import plot_tables
from reporting.page.html_page import render
from reporting.statistics.analysis import Statistics, analyse, as_json
from reporting.statistics.verification_result import read_verification
from reporting.tables.film_files import read_films
from reporting.tables.summary import read_summary
from reporting.tables.task_facts import FactsOf


def write_report(
    summary_folder: Path, figures: Path, films: Path | None, output: Path, facts_of: FactsOf
) -> Statistics:
    """Write index.html, statistics.json, metrics.json and the tables in plots/.

    Args:
        summary_folder, figures, films: what the suite's runs were made into before.

    Raises:
        SuiteError, OSError, ValueError: when something of that is missing or not readable.
    """
    summary = read_summary(summary_folder)
    shown = read_films(films, summary)
    statistics = dataclasses.replace(
        analyse(summary, facts_of),
        films=tuple(film for film, _ in shown.values()),
        verification=read_verification(summary_folder / "verification.json"),
    )
    page = render(statistics, summary, read_figures(figures), shown)
    (output / "plots").mkdir(parents=True, exist_ok=True)
    replace_file(output / "statistics.json", as_json(statistics).encode())
    replace_file(output / "metrics.json", metrics.as_json(statistics).encode())
    replace_file(output / "index.html", page.encode())
    for name, table in plot_tables(statistics).items():
        text = table.to_csv(index=False, lineterminator="\n")
        replace_file(output / name, text.encode())
    return statistics
