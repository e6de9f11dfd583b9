"""The benchmark's environments: the facts about each task, and vectorised stepping.

Importing this package registers every task, and our own simulators with gymnasium.
"""

from envs import tasks as _tasks  # noqa: F401  (each module registers its task when imported)
from envs.registry import UnknownEnvironmentError, task, task_ids
from envs.simulator import UnsupportedSpaceError
from envs.task import Projection, Task
from envs.vector import Step, VectorEnvironment, make_vector

__all__ = [
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
