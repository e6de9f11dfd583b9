"""The picture of a task: the start, and beside it the reached goal where it is a sparse one."""

from pathlib import PurePosixPath

from program.repository import ROOT
from reporting.text import slug

PICTURES = PurePosixPath("docs/tasks")  # drawn by `python -m envs.tools.pictures docs/tasks`


def task_picture(environment: str) -> PurePosixPath | None:
    """Its path in the repository; None for a task without a picture."""
    file = PICTURES / f"{slug(environment)}.png"
    return file if (ROOT / file).is_file() else None
