"""The section of a watched report on the runs that have not finished."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from program.provenance import cpu_name
from progress.run_progress import RunProgress, read_progress, state_folder
from progress.status_lines import about, summary_line
from progress.suite_progress import ActiveJob, Job, Survey
from reporting.figures.plots.unfinished import unfinished_plot
from reporting.tables.summary import Summary, select
from reporting.templates import template_environment
from reporting.text import seed_group
from runs.files import EVALUATIONS, LIVE_FOLDER, MANIFEST
from suites.requested_runs import RequestedRun


@dataclass(frozen=True)
class Row:
    """A run that was started and has not finished. time_left: empty without a basis."""

    environment: str
    algorithm: str
    seeds: str
    state: str
    step: int
    steps: int
    time_left: str
    last_return: float | None

    @property
    def share(self) -> float:
        """Of the run's environment steps, those that are made."""
        return min(self.step / self.steps, 1.0)


def job_of(run: RequestedRun) -> Job:
    """A run of the suite as something to be trained."""
    return Job(run.environment, run.algorithm, seed_group(run.seeds), run.steps, run.path)


class UnfinishedRuns:
    """Looks at the runs of a suite that a report of its finished runs leaves out.

    Args:
        results: results/<suite>.
        requested: all runs of the suite.
    """

    def __init__(self, results: Path, requested: list[RequestedRun]) -> None:
        self._results, self._requested = results, requested
        self._survey = Survey(results, [job_of(run) for run in requested], 0.0, cpu_name())
        self._drawn: dict[str, tuple[Any, str]] = {}

    def section(self, summary: Summary, finished: set[str], version: int) -> str:
        """The section as HTML.

        Args:
            summary: of the finished runs.
            finished: their paths.
            version: of the report, by which the page knows that there is another.
        """
        progress = self._survey.look()
        left = {active.job.path: active for active in progress.active}
        unfinished = [run for run in self._requested if run.path not in finished]
        found = [(run, read_progress(state_folder(self._results, run.path))) for run in unfinished]
        words = summary_line(progress) if unfinished else f"all {progress.total} runs have finished"
        started = [(run, reached) for run, reached in found if reached is not None]
        return (
            template_environment()
            .get_template("watch/unfinished.html.jinja")
            .render(
                version=version,
                summary=words,
                rows=[self._row(run, reached, left.get(run.path)) for run, reached in started],
                plots=self._plots(summary, [run for run, _ in started]),
            )
        )

    def _row(self, run: RequestedRun, reached: RunProgress, active: ActiveJob | None) -> Row:
        trained = (self._results / run.path / MANIFEST).is_file()
        state = "in training" if reached.working else "stopped"
        return Row(
            environment=run.environment,
            algorithm=run.algorithm,
            seeds=seed_group(run.seeds),
            state="trained, not evaluated yet" if trained else state,
            step=reached.step,
            steps=run.steps,
            time_left=about(active.seconds) if active and active.seconds is not None else "",
            last_return=reached.last_return,
        )

    def _plots(self, summary: Summary, started: list[RequestedRun]) -> list[tuple[str, Markup]]:
        """A figure for each task with runs in progress, drawn again when it has other rows."""
        plots = []
        for environment in summary.environments:
            tables = [
                (run.algorithm, rows)
                for run in started
                if run.environment == environment and (rows := self._evaluations(run)) is not None
            ]
            if tables:
                finished = {
                    name: select(summary.evaluation, environment, name)
                    for name in summary.algorithms
                }
                drawn = self._drawing(summary, environment, finished, tables)
                plots.append((environment, Markup(drawn)))
        return plots

    def _drawing(
        self,
        summary: Summary,
        environment: str,
        finished: dict[str, pd.DataFrame],
        tables: list[tuple[str, pd.DataFrame]],
    ) -> str:
        rows = [sum(map(len, finished.values())), *((name, len(table)) for name, table in tables)]
        if self._drawn.get(environment, (None, ""))[0] != rows:
            unfinished = {
                name: pd.concat([table for owner, table in tables if owner == name])
                for name in dict(tables)
            }
            budget, names = summary.steps(environment), summary.algorithms
            drawn = unfinished_plot(environment, budget, finished, unfinished, names)
            self._drawn[environment] = rows, drawn
        return self._drawn[environment][1]

    def _evaluations(self, run: RequestedRun) -> pd.DataFrame | None:
        """The evaluations so far; None where there are none, or a row is being written."""
        path = state_folder(self._results, run.path) / LIVE_FOLDER / EVALUATIONS
        try:
            table = pd.read_csv(path)
            table = table.astype({"seed": "int64", "step": "int64", "return": "float64"})
        except (OSError, ValueError, KeyError):
            return None
        return None if table.empty else table
