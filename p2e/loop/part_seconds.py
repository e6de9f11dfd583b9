"""Where the wall-clock time of a run goes: the seconds that each part of the loop takes."""

from time import perf_counter
from types import TracebackType

# In the order in which a reader asks for them; the rest of the total comes last.
PARTS = ("acting", "world", "imagination", "agents", "environment", "evaluation")
OTHER = "other"


class Stopwatch:
    """Adds up the seconds that pass inside of `with stopwatch:`; not to be nested in itself."""

    __slots__ = ("_started", "seconds")

    def __init__(self) -> None:
        self.seconds = 0.0
        self._started = 0.0

    def __enter__(self) -> None:
        self._started = perf_counter()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.seconds += perf_counter() - self._started


class PartSeconds:
    """A stopwatch for each part of the training loop, saved with the run: `with parts.acting: ...`

    acting: the explorer chooses the actions and remembers them. world, imagination, agents: the
    algorithm's learn_world, imagine and update_agent. environment: its steps, resets included.
    evaluation: all of it, with the environments' steps that it needs.

    On a GPU work is only queued, and this does not wait for it: a part is charged with the calls
    that it makes, and with the wait for a result that it reads. What earlier parts queued is waited
    for in such a place, mostly in `acting`, where the actions are read.
    """

    def __init__(self) -> None:
        self.acting, self.environment, self.evaluation = Stopwatch(), Stopwatch(), Stopwatch()
        self.world, self.imagination, self.agents = Stopwatch(), Stopwatch(), Stopwatch()

    def of_total(self, total: float) -> dict[str, float]:
        """The seconds of each part, and as `other` what is left of the `total` seconds of the run:
        the replay buffer, recording, saved states."""
        parts = self.state_dict()
        return parts | {OTHER: max(0.0, total - sum(parts.values()))}

    def state_dict(self) -> dict[str, float]:
        return {name: self._stopwatch(name).seconds for name in PARTS}

    def load_state_dict(self, state: dict[str, float]) -> None:
        for name in PARTS:
            self._stopwatch(name).seconds = state[name]

    def _stopwatch(self, name: str) -> Stopwatch:
        stopwatch: Stopwatch = getattr(self, name)
        return stopwatch
