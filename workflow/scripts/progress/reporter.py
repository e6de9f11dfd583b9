"""Tells at a terminal, or in a log, how far the runs are while Snakemake trains them."""

import atexit
import logging
import os
import re
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO, cast

from program.provenance import cpu_name
from progress.status_block import StatusBlock
from progress.status_lines import status_lines
from progress.suite_progress import Job, Survey
from suites.entries import SuiteEntry

# The environment variable with which a user turns this off.
SWITCH = "TRAINING_PROGRESS"
# Seconds between two looks. A log gets fewer as time goes on: at most one in a twentieth of it.
AT_A_TERMINAL, IN_A_LOG, SHARE = 2.0, 30.0, 0.05
# Snakemake's messages that say less than ours: so many of all steps are done, for example.
HIDDEN_EVENTS = ("JOB_FINISHED", "PROGRESS")
HIDDEN_WORDS = re.compile(r"Select jobs to execute\.\.\.|Execute \d+ jobs\.\.\.")


def job_of(run: SuiteEntry) -> Job:
    """What there is to know of a run before it starts."""
    path = "/".join(["runs", *run.key])
    return Job(run.environment, run.algorithm, run.group, run.steps, path)


def report_progress(
    workflow: Any, runs: Mapping[tuple[str, str, str], SuiteEntry], results: str
) -> None:
    """Start telling how far the runs are that this Snakemake is about to train.

    For `onstart:`. It ends with the process, however that dies, and never ends the process.
    """
    asked = {
        tuple(job.wildcards[name] for name in ("environment", "algorithm", "seeds"))
        for job in workflow.dag.needrun_jobs()
        if job.rule.name == "train"
    }
    quiet = {str(part.name) for part in workflow.output_settings.quiet or ()}
    if not asked or not workflow.is_main_process or "ALL" in quiet:
        return
    if os.environ.get(SWITCH) == "off":
        return
    jobs = [job_of(run) for key, run in runs.items() if key in asked]
    survey = Survey(Path(results), jobs, time.time(), cpu_name())
    Reporter(survey, [job_of(run) for run in runs.values()], quiet_about_rules="RULES" in quiet)


class Reporter:
    """A thread that writes where Snakemake does, until the process ends.

    Args:
        finished: runs that may tell how fast others will be.
        quiet_about_rules: whether Snakemake does not tell of each job that starts; then it need
            not tell either how many have ended.
    """

    def __init__(self, survey: Survey, finished: Sequence[Job], quiet_about_rules: bool) -> None:
        self._survey, self._finished = survey, finished
        self._end = threading.Event()
        logger = logging.getLogger("snakemake.logging")
        handlers = [h for h in logger.handlers if type(h).__name__ == "ColorizingTextHandler"]
        self._handler = cast("logging.StreamHandler[Any]", handlers[0]) if handlers else None
        self._stream: TextIO = self._handler.stream if self._handler else sys.stderr
        if self._handler and quiet_about_rules:
            self._handler.addFilter(says_more)
        self._block = StatusBlock(self._stream) if self._stream.isatty() else None
        if self._block is not None:
            self._write_through(self._block)
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def close(self) -> None:
        """End, and leave the terminal as it was."""
        self._end.set()
        self._thread.join(timeout=1.0)
        if self._block is not None:
            self._block.show([])
            self._write_through(self._stream)

    def _write_through(self, stream: Any) -> None:
        """Let Snakemake, and whoever else writes errors, write to this stream."""
        if self._handler is not None:
            self._handler.setStream(stream)
        if sys.stderr in (self._stream, self._block):
            sys.stderr = stream

    def _run(self) -> None:
        try:
            self._survey.measure(self._finished)
            started = time.monotonic()
            pause = AT_A_TERMINAL
            last: list[str] = []
            while not self._end.wait(pause):
                lines = status_lines(self._survey.look())
                if self._block is not None:
                    self._block.show(lines)
                    continue
                if lines != last:
                    self._stream.write("".join(f"{line}\n" for line in lines))
                    self._stream.flush()
                last = lines
                pause = max(IN_A_LOG, SHARE * (time.monotonic() - started))
        except Exception as error:  # whatever it is, the runs go on
            self._stream.write(f"no more progress is shown: {type(error).__name__}: {error}\n")


def says_more(record: logging.LogRecord) -> bool:
    """Whether a message of Snakemake's is none of those that the progress replaces."""
    event = getattr(getattr(record, "event", None), "name", None)
    return event not in HIDDEN_EVENTS and HIDDEN_WORDS.fullmatch(str(record.msg)) is None
