"""The registry of the benchmark's tasks."""

from difflib import get_close_matches

from envs.task import Task

_TASKS: dict[str, Task] = {}


class UnknownEnvironmentError(ValueError):
    """No task is registered under the given id."""


def register(task: Task) -> Task:
    """Adds a task; raises ValueError if its id or its path name is taken."""
    if any(task.slug == known.slug for known in _TASKS.values()):
        raise ValueError(f"an environment with the path name {task.slug!r} is registered already")
    _TASKS[task.id] = task
    return task


def task_ids() -> tuple[str, ...]:
    """The ids of all registered tasks, sorted."""
    return tuple(sorted(_TASKS))


def task(environment_id: str) -> Task:
    """The task registered as `environment_id`; raises UnknownEnvironmentError."""
    found = _TASKS.get(environment_id)
    if found is None:
        raise UnknownEnvironmentError(_unknown(str(environment_id)))
    return found


def _unknown(environment_id: str) -> str:
    """One line that names the value, the closest known id and all known ids."""
    lowered = {known.lower(): known for known in task_ids()}
    close = get_close_matches(environment_id.lower(), lowered, n=1)
    hint = f" (did you mean {lowered[close[0]]!r}?)" if close else ""
    return f"unknown environment {environment_id!r}{hint}; known: {', '.join(task_ids())}"
