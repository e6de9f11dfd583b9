"""The progress of a suite in words: one line a run that is being trained, and one for all."""

from collections.abc import Sequence

from progress.suite_progress import ActiveJob, SuiteProgress


def status_lines(progress: SuiteProgress) -> list[str]:
    """What is being trained, how far each run is, and when all will be trained."""
    rows = [_cells(active) for active in progress.active]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return [*lines, summary_line(progress)]


def fitted(lines: Sequence[str], columns: int, rows: int) -> list[str]:
    """Lines cut to a terminal of this size; of too many, the last and the first ones are kept."""
    if len(lines) > rows >= 2:
        hidden = len(lines) - rows + 1
        lines = [*lines[: rows - 2], f"and {hidden} more", lines[-1]]
    return [line[: max(columns - 1, 1)] for line in lines]


def summary_line(progress: SuiteProgress) -> str:
    """How many runs are trained, and when all will be."""
    if progress.trained == progress.total:
        return f"all {progress.total} runs are trained; their scores and the report follow"
    parts = [f"{progress.trained} of {progress.total} runs trained"]
    parts += [f"{len(progress.active)} in training"] if progress.active else []
    parts += [f"{progress.waiting} waiting"] if progress.waiting else []
    words = ", ".join(parts)
    # "At least less than a minute" tells nothing.
    if progress.seconds is None or (progress.at_least and progress.seconds < 60):
        return words
    least = "at least " if progress.at_least else ""
    return f"{words}; all trained in {least}{about(progress.seconds)}"


def about(seconds: float) -> str:
    """A time to come, as precise as an estimate is."""
    minutes = seconds / 60
    if minutes < 1:
        return "less than a minute"
    return f"about {minutes:.0f} min" if minutes < 120 else f"about {minutes / 60:.1f} h"


def _cells(active: ActiveJob) -> list[str]:
    job, progress = active.job, active.progress
    seeds = f"seed {job.seeds}" if job.seeds.isdecimal() else f"seeds {job.seeds}"
    share = min(progress.step / job.steps, 1.0)
    last = progress.last_return
    return [
        f"{job.environment}  {job.algorithm}  {seeds}",
        f"step {progress.step:,} of {job.steps:,}",
        f"{share:.0%}",
        "" if active.seconds is None else f"{about(active.seconds)} left",
        "" if last is None else f"last return {last:.4g}",
    ]
