"""The seconds of a run by part: they add up, and a resumed run goes on counting."""

from collections.abc import Sequence

import pytest
from torch import Tensor

from p2e.batch import Transition
from p2e.loop.environment import FloatArray
from p2e.loop.part_seconds import OTHER, PARTS, PartSeconds, Stopwatch
from p2e.loop.training_loop import TrainingLoop
from p2e.metrics import Metrics
from tests.helpers.chain_environment import ChainEnvironment, ChainStep
from tests.helpers.watcher import ConstantPolicy, Watcher
from tests.p2e.loop.test_resume import run_until
from tests.p2e.loop.test_training_loop import loop_of, run


class Hands:
    """Those of a clock, which move when a test moves them."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Hands:
    """The clock of the parts, and of the whole run."""
    hands = Hands()
    monkeypatch.setattr("p2e.loop.part_seconds.perf_counter", hands)
    monkeypatch.setattr("time.monotonic", hands)
    return hands


def test_a_stopwatch_adds_what_passes_inside(clock: Hands) -> None:
    stopwatch = Stopwatch()
    for inside in (2.0, 3.0):
        with stopwatch:
            clock.now += inside
        clock.now += 50.0
    with pytest.raises(KeyError), stopwatch:
        clock.now += 1.0
        raise KeyError
    assert stopwatch.seconds == 6.0


def test_the_rest_of_the_total_is_other(clock: Hands) -> None:
    parts = PartSeconds()
    for number, name in enumerate(PARTS, start=1):
        with getattr(parts, name):
            clock.now += number
    by_part = parts.of_total(30.0)
    assert by_part == {name: float(n) for n, name in enumerate(PARTS, start=1)} | {OTHER: 9.0}
    assert parts.of_total(20.999)[OTHER] == 0.0  # two clocks may differ in their last digits


class SlowPolicy(ConstantPolicy):
    """Takes 11 s to choose an action and 13 s to remember it."""

    def __init__(self, clock: Hands) -> None:
        super().__init__(0.9)
        self.clock = clock

    def act(self, observation: Tensor, memory: Tensor, deterministic: bool) -> Tensor:
        self.clock.now += 11
        return super().act(observation, memory, deterministic)

    def remember(self, observation: Tensor, action: Tensor, memory: Tensor) -> Tensor:
        self.clock.now += 13
        return super().remember(observation, action, memory)


class SlowWatcher(Watcher):
    """Each of its parts takes another time."""

    def __init__(self, clock: Hands) -> None:
        super().__init__()
        self.clock, self.explorer = clock, SlowPolicy(clock)

    def store(self, transition: Transition) -> None:
        self.clock.now += 7
        super().store(transition)

    def learn_world(self) -> Metrics:
        self.clock.now += 2
        return super().learn_world()

    def imagine(self) -> Metrics:
        self.clock.now += 3
        return super().imagine()

    def update_agent(self) -> Metrics:
        self.clock.now += 5
        return super().update_agent()


def slow_loop(clock: Hands) -> TrainingLoop:
    """A loop of 20 steps, of which 12 are warm-up; a step of its environments takes 17 s."""

    class SlowChain(ChainEnvironment):
        def step(self, actions: FloatArray) -> ChainStep:
            clock.now += 17
            return super().step(actions)

    def make(seeds: Sequence[int]) -> SlowChain:
        return SlowChain(seeds)

    return loop_of(SlowWatcher(clock), make, 20, warmup_steps=12)


# The task policy takes 3 steps to the goal; the first and the last evaluation take that long.
EXPECTED = {
    "acting": 8 * 11 + 20 * 13,
    "world": 8 * 2,
    "imagination": 8 * 3,
    "agents": 8 * 5,
    "environment": 20 * 17,
    "evaluation": 2 * 3 * 17,
    OTHER: 20 * 7,
}


def test_each_second_of_a_run_counts_for_one_part(clock: Hands) -> None:
    loop = slow_loop(clock)
    run(loop)
    assert loop.part_seconds.of_total(loop.seconds) == EXPECTED
    assert loop.seconds == sum(EXPECTED.values())


@pytest.mark.parametrize("stop", [1, 12, 15])
def test_a_resumed_run_goes_on_counting(clock: Hands, stop: int) -> None:
    state = run_until(slow_loop(clock), stop)
    clock.now += 5000.0  # between the two processes
    loop = slow_loop(clock)
    loop.load_state_dict(state)
    run(loop)
    assert loop.part_seconds.of_total(loop.seconds) == EXPECTED
