"""The report of a suite's finished runs, written again as more of them finish."""

import dataclasses
import json
import threading
from pathlib import Path
from typing import Any

from program.atomic_file import replace_file
from reporting.figures.figure_set import read_figures, write_figures
from reporting.page import metrics
from reporting.page.html_page import render
from reporting.statistics.analysis import analyse, as_json
from reporting.tables.collect import collect
from reporting.tables.film_files import read_films
from reporting.tables.run_folder import COMPLETE
from reporting.tables.summary import Summary, read_summary
from reporting.tables.task_facts import task_facts
from reporting.templates import TEMPLATES
from reporting.watch.unfinished_runs import UnfinishedRuns
from runs.files import ANSWER_PAGE, DETAILS_PAGE, FINAL_SCORES, MANIFEST
from suites.requested_runs import requested_runs


class WatchedReport:
    """A report in a folder of its own: what Snakemake owns is only read.

    Args:
        suite: what suite.json holds.
        results: results/<suite>.
        films: reports/<suite>/films, where there are any.
        folder: where the report is written.
    """

    def __init__(self, suite: dict[str, Any], results: Path, films: Path, folder: Path) -> None:
        self._suite, self._results, self._films, self.folder = suite, results, films, folder
        self._requested = requested_runs(suite)
        self._unfinished = UnfinishedRuns(results, self._requested)
        self._lock = threading.Lock()  # matplotlib draws for one thread at a time
        self._seen: Any = None
        self._version = 0
        self._page = ""
        self._summary: Summary
        self._finished: set[str] = set()
        self.refresh()

    def refresh(self) -> bool:
        """Write the report again if other runs have finished than before; returns whether."""
        seen = [self._signature(run.path) for run in self._requested]
        if seen == self._seen:
            return False
        with self._lock:
            self._write()
            self._seen = seen
            self._version += 1
        return True

    def page(self) -> str:
        """The report with the runs in progress, which reloads itself."""
        script = (TEMPLATES / "watch/watch.js").read_text(encoding="utf-8")
        page = self._page.replace("<main>", f"<main>\n{self.section()}", 1)
        return page.replace("</body>", f"<script>\n{script}</script>\n</body>", 1)

    def section(self) -> str:
        """The part on the runs in progress."""
        with self._lock:
            return self._unfinished.section(self._summary, self._finished, self._version)

    def _signature(self, run: str) -> tuple[int, ...]:
        """Changes when a run finishes, or is trained again."""
        files = [self._results / run / name for name in (MANIFEST, FINAL_SCORES)]
        try:
            return tuple(file.stat().st_mtime_ns for file in files)
        except OSError:
            return ()

    def _write(self) -> None:
        tables, figures = self.folder / "summary", self.folder / "figures"
        rows = collect(self._results, self._suite, tables)
        (tables / "suite.json").write_text(json.dumps(self._suite), encoding="utf-8")
        summary = read_summary(tables)
        films = read_films(self._films, summary)
        statistics = dataclasses.replace(
            analyse(summary, task_facts),
            films=tuple(film for film, _ in films.values()),
        )
        write_figures(statistics, summary, figures)
        pages = render(statistics, summary, read_figures(figures), films)
        self._page = pages[ANSWER_PAGE]
        replace_file(self.folder / DETAILS_PAGE, pages[DETAILS_PAGE].encode())
        replace_file(self.folder / "statistics.json", as_json(statistics).encode())
        replace_file(self.folder / "metrics.json", metrics.as_json(statistics).encode())
        self._summary = summary
        self._finished = {row["path"] for row in rows if row["status"] == COMPLETE}
