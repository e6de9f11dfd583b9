"""The tasks: the declared ones, and for every other Gymnasium id what can be said of any."""

import dataclasses

from envs.simulation import control_suite
from envs.simulation.errors import MissingHorizonError
from envs.simulation.make import specification
from envs.task import Task

_TASKS: dict[str, Task] = {}


def register(task: Task) -> Task:
    """Declares a task; raises ValueError if its id or its path name is taken."""
    if any(task.slug == known.slug for known in _TASKS.values()):
        raise ValueError(f"an environment with the path name {task.slug!r} is registered already")
    _TASKS[task.id] = task
    return task


def task_ids() -> tuple[str, ...]:
    """The ids of all declared tasks, sorted."""
    return tuple(sorted(_TASKS))


def task(environment_id: str, horizon: int | None = None, action_repeat: int | None = None) -> Task:
    """What is declared about an environment, or the defaults of one that nobody declared.

    Without `horizon`, an episode has as many simulator steps as its declaration or Gymnasium's
    says. `horizon` is in decisions, each of `action_repeat` simulator steps.

    Raises UnknownEnvironmentError, or MissingHorizonError where nothing says how long an episode
    is.
    """
    known = _TASKS.get(environment_id) or _undeclared(str(environment_id), horizon)
    repeat = action_repeat or known.action_repeat
    horizon = horizon or -(-known.horizon * known.action_repeat // repeat)
    return dataclasses.replace(known, horizon=horizon, action_repeat=repeat)


def _undeclared(environment_id: str, horizon: int | None) -> Task:
    steps = specification(environment_id).max_episode_steps or horizon
    if steps is None:
        raise MissingHorizonError(
            f"environment {environment_id!r} does not say how long an episode is: give the key "
            "'task.horizon', such as 'task: {horizon: 1000}'"
        )
    if environment_id.rpartition(":")[2].startswith(control_suite.NAMESPACE):
        repeat = control_suite.ACTION_REPEAT
        return Task(environment_id, horizon=-(-steps // repeat), action_repeat=repeat)
    return Task(environment_id, horizon=steps)
