"""What the report says about a task: what the environments declare, and what the suite adds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reporting.text import task_name


@dataclass(frozen=True)
class TaskFacts:
    """The facts of one task; scores are undiscounted returns of one episode.

    A score is None where nobody knows it; `idle_score` is that of doing nothing, where it is above
    the random policy's. No return is outside of `return_range`. The three facts of the projection,
    on which coverage is counted, are None where the task has no projection.
    """

    id: str
    horizon: int
    sparse: bool
    description: str
    success_description: str
    success_declared: bool
    random_score: float | None
    reference_score: float | None
    reference_source: str
    projection_labels: tuple[str, str] | None
    projection_low: tuple[float, float] | None
    projection_high: tuple[float, float] | None
    idle_score: float | None = None
    return_range: tuple[float, float] | None = None

    @property
    def name(self) -> str:
        """The id without its package and its namespace."""
        return task_name(self.id)

    @property
    def kind(self) -> str:
        """`sparse` or `dense`, after the task's reward."""
        return "sparse" if self.sparse else "dense"

    @property
    def ends(self) -> tuple[float, float] | None:
        """The returns of the normalised scores 0 and 1; None where returns cannot be normalised."""
        if self.random_score is None or self.reference_score is None:
            return None
        zero = self.random_score if self.idle_score is None else self.idle_score
        return max(zero, self.random_score), self.reference_score


FactsOf = Callable[[str, Mapping[str, Any]], TaskFacts]


def task_facts(environment: str, of_suite: Mapping[str, Any]) -> TaskFacts:
    """The facts of a task; those that the suite's entry holds under `task` come first.

    Raises ValueError, in one line, for an environment or a fact that cannot be used, and if returns
    cannot be normalised with the two scores. The registry is imported here because only this
    function needs it, and importing it starts a simulator's libraries.
    """
    from p2e.config import from_mapping
    from runs.settings.task_settings import TaskSettings

    settings = from_mapping(TaskSettings, of_suite, "task")
    spec = settings.applied_to(environment)
    projection = settings.projection_of(spec)
    facts = TaskFacts(
        id=spec.id,
        horizon=spec.horizon,
        sparse=spec.sparse,
        description=spec.description,
        success_description=spec.success_description,
        success_declared=spec.success is not None,
        random_score=None if spec.random_score is None else float(spec.random_score),
        reference_score=None if spec.reference_score is None else float(spec.reference_score),
        reference_source=spec.reference_source,
        projection_labels=projection.labels if projection else None,
        projection_low=projection.low if projection else None,
        projection_high=projection.high if projection else None,
        idle_score=spec.idle_score,
        return_range=spec.return_range,
    )
    if facts.ends and not facts.ends[1] > facts.ends[0]:
        raise ValueError(f"{environment}: the reference score must be above the zero of its scale")
    return facts
