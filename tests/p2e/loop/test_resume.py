"""A run killed at any moment and started again ends bit-identical to one never killed."""

import copy
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from p2e.agent.settings import SoftActorCriticConfig
from p2e.algorithm import Problem, state_of
from p2e.algorithms import sac
from p2e.loop.coverage import Coverage
from p2e.loop.progress import Progress
from p2e.loop.training_loop import TrainingConfig, TrainingLoop
from tests.conftest import MakeChain

SEEDS, STEPS, BINS = (4, 9), 48, 6


def position_cells(observations: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """Position and elapsed steps, clipped to the grid."""
    return np.clip(observations, 0, BINS - 1).astype(np.int64)


def never_ends(observation: Tensor, action: Tensor, following: Tensor) -> Tensor:
    return torch.zeros(following.shape[:-1], dtype=torch.bool)


def agent_loop(chain: MakeChain, device: str = "cpu") -> TrainingLoop:
    """The real SAC in the noisy chain."""
    agent = SoftActorCriticConfig(hidden=(8, 8), batch_size=8, learning_rate=1e-2)
    problem = Problem(SEEDS, 2, 1, STEPS, 10, never_ends, torch.device(device))
    return TrainingLoop(
        problem,
        sac.build(problem, sac.Config(agent=agent)),
        chain(SEEDS, noise=0.3),
        chain(range(4), noise=0.3),
        TrainingConfig(12, evaluation_interval=20, evaluation_episodes=2, log_interval=7),
        Coverage(position_cells, BINS, len(SEEDS)),
    )


def run(loop: TrainingLoop) -> None:
    """Train to the end without saving."""

    def save() -> None:
        raise AssertionError("nobody asked for a save")

    loop.run(Progress(STEPS, loop.step, io.StringIO()), save, save_interval=1e9)


class Killed(BaseException):
    """Raised in the save between two steps, to end a run."""


def run_until(loop: TrainingLoop, step: int) -> dict[str, Any]:
    """Run until the save after this step, stop, and return the state as loaded from its file."""
    file = io.BytesIO()

    def save() -> None:
        if loop.step == step:
            torch.save(loop.state_dict(), file)
            raise Killed

    with pytest.raises(Killed):
        loop.run(Progress(loop.problem.steps, loop.step, io.StringIO()), save, save_interval=0.0)
    file.seek(0)
    state: dict[str, Any] = torch.load(file, weights_only=True)
    return state


def outcome(loop: TrainingLoop) -> dict[str, Any]:
    """All results of a run, without its times."""
    tables = copy.deepcopy(loop.recorder.tables)
    for row in tables["training"]:
        del row["seconds"]
    attributes = {k: v for k, v in loop.state_dict()["attributes"].items() if k != "seconds"}
    algorithm = state_of(loop.algorithm.components())
    arrays = [torch.as_tensor(array) for array in loop.coverage.arrays()]
    environment = loop.environment.state_dict()
    return flattened([tables, attributes, algorithm, arrays, environment])


def flattened(value: Any, name: str = "") -> dict[str, Any]:
    """Nested dicts and lists as path -> leaf."""
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return {k: v for key, item in items for k, v in flattened(item, f"{name}/{key}").items()}
    return {name: value}


def assert_bit_identical(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        if isinstance(value, Tensor):
            assert value.dtype == other[name].dtype and torch.equal(value, other[name]), name
        else:
            assert type(value) is type(other[name]) and value == other[name], name


@pytest.fixture(scope="module")
def whole(chain: MakeChain) -> dict[str, Any]:
    """The outcome of a run that was never killed."""
    loop = agent_loop(chain)
    run(loop)
    return outcome(loop)


@pytest.mark.parametrize(
    "stops", [[12, 31], range(1, STEPS + 1)], ids=["twice", "after every step"]
)
def test_a_run_killed_and_resumed_ends_bit_identical(
    chain: MakeChain, whole: dict[str, Any], stops: Sequence[int]
) -> None:
    loop = agent_loop(chain)
    for stop in stops:
        state = run_until(loop, stop)
        loop = agent_loop(chain)
        loop.load_state_dict(state)
        assert loop.step == stop
    run(loop)
    assert_bit_identical(whole, outcome(loop))


def test_the_comparison_of_outcomes_sees_a_difference(
    chain: MakeChain, whole: dict[str, Any]
) -> None:
    loop = agent_loop(chain)
    state = run_until(loop, 40)
    state["algorithm"]["agent"]["actor"]["network.weights"][0, 0] += 1e-6
    loop.load_state_dict(state)
    run(loop)
    with pytest.raises(AssertionError, match=r"/(evaluation|training)/"):
        assert_bit_identical(whole, outcome(loop))


def test_a_resumed_clock_goes_on(chain: MakeChain) -> None:
    state = run_until(agent_loop(chain), 20)
    loop = agent_loop(chain)
    loop.load_state_dict(state)
    assert loop.seconds == state["attributes"]["seconds"] > 0
    run(loop)
    seconds = [row["seconds"] for row in loop.recorder.tables["training"]]
    assert seconds == sorted(seconds)


@pytest.mark.parametrize("part", ["agent", "sac_buffer", "batches"])
def test_a_state_of_another_algorithm_is_an_error_in_words(chain: MakeChain, part: str) -> None:
    state = run_until(agent_loop(chain), 3)
    state["algorithm"]["another part"] = state["algorithm"].pop(part)
    with pytest.raises(ValueError, match=f"another part.*expected.*{part}"):
        agent_loop(chain).load_state_dict(state)
