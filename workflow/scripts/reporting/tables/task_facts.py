"""What the report says about a task, read from the registry of environments."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class TaskFacts:
    """The declared facts of one task; scores are undiscounted returns of one episode."""

    id: str
    horizon: int
    sparse: bool
    description: str
    success_description: str
    success_declared: bool
    random_score: float
    reference_score: float
    reference_source: str
    projection_labels: tuple[str, str]
    projection_low: tuple[float, float]
    projection_high: tuple[float, float]

    @property
    def name(self) -> str:
        """The id without its namespace."""
        return self.id.rsplit("/", maxsplit=1)[-1]

    @property
    def kind(self) -> str:
        """`sparse` or `dense`, after the task's reward."""
        return "sparse" if self.sparse else "dense"


FactsOf = Callable[[str], TaskFacts]


def task_facts(environment: str) -> TaskFacts:
    """Look a task up in the registry.

    Raises envs.UnknownEnvironmentError for an id that is not registered, and ValueError if returns
    cannot be normalised with the declared scores. The registry is imported here because only this
    function needs it, and importing it starts a simulator's libraries.
    """
    from envs import task

    spec = task(environment)
    projection = spec.projection
    facts = TaskFacts(
        id=spec.id,
        horizon=spec.horizon,
        sparse=spec.sparse,
        description=spec.description,
        success_description=spec.success_description,
        success_declared=spec.success is not None,
        random_score=float(spec.random_score),
        reference_score=float(spec.reference_score),
        reference_source=spec.reference_source,
        projection_labels=projection.labels,
        projection_low=projection.low,
        projection_high=projection.high,
    )
    if not facts.reference_score > facts.random_score:
        raise ValueError(f"{environment}: the reference score must be above the random policy's")
    return facts
