"""The benchmark's environments: the facts about each task, and vectorised stepping.

Importing this package declares our own tasks, and registers our own simulators with gymnasium.
"""

from envs import tasks as _tasks  # noqa: F401  (each module declares its task when imported)
from envs.registry import task, task_ids
from envs.simulation.errors import (
    BrokenEnvironmentError,
    InvalidEnvironmentError,
    MissingHorizonError,
    NotDeterministicError,
    UnknownEnvironmentError,
    UnsupportedSpaceError,
)
from envs.task import Projection, Task
from envs.vector import Step, VectorEnvironment, make_vector

__all__ = [
    "BrokenEnvironmentError",
    "InvalidEnvironmentError",
    "MissingHorizonError",
    "NotDeterministicError",
    "Projection",
    "Step",
    "Task",
    "UnknownEnvironmentError",
    "UnsupportedSpaceError",
    "VectorEnvironment",
    "make_vector",
    "task",
    "task_ids",
]
