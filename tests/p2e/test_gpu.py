"""On a GPU: recorded CUDA graphs give the same results as eager execution, and a run resumes."""

import importlib
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from torch import Tensor

from p2e.agent.cuda_graph import MOST_RECORDINGS, WARM_UP_CALLS, recorded
from p2e.loop.progress import Progress
from tests.conftest import MakeChain
from tests.helpers.compare_compiled_update import agent, batches, weights
from tests.p2e.loop.test_resume import STEPS, Killed, agent_loop, run

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


@contextmanager
def waiting_is_an_error() -> Iterator[None]:
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # "a prototype feature"
        torch.cuda.set_sync_debug_mode("error")
        yield
        torch.cuda.set_sync_debug_mode("default")


def test_ten_recorded_updates_are_ten_others(monkeypatch: pytest.MonkeyPatch) -> None:
    fast = agent(False, "cuda")
    with monkeypatch.context() as patched:
        module = importlib.import_module("p2e.agent.soft_actor_critic")
        patched.setattr(module, "recorded", lambda function, device: function)
        patched.setattr(module, "recorded_update", lambda function, device: function)
        plain = agent(False, "cuda")
    before = weights(plain).clone()
    for batch in batches(10, "cuda"):
        metrics, expected = fast.update(batch), plain.update(batch)
        assert metrics.keys() == expected.keys()
        for name, value in expected.items():
            torch.testing.assert_close(metrics[name], value, rtol=1e-4, atol=1e-4)
    moved = (weights(plain) - before).abs().max()
    assert float((weights(fast) - weights(plain)).abs().max() / moved) < 1e-3


def test_an_update_does_not_wait_for_the_device() -> None:
    learner, rows = agent(False, "cuda"), list(batches(WARM_UP_CALLS + 4, "cuda"))
    for batch in rows[:-3]:
        learner.update(batch)
    with waiting_is_an_error():
        for batch in rows[-3:]:
            learner.update(batch)


def test_a_recording_follows_its_inputs_and_what_the_function_holds() -> None:
    held = torch.zeros(3, device="cuda")

    def add(x: Tensor) -> Tensor:
        return held.add_(x).clone()

    add_up = recorded(add, torch.device("cuda"))
    sums = [add_up(torch.full((3,), float(i), device="cuda")) for i in range(10)]
    assert [float(x[0]) for x in sums] == [sum(range(i + 1)) for i in range(10)]


def test_other_forms_are_other_recordings_and_not_without_end() -> None:
    double = recorded(lambda x: x * 2, torch.device("cuda"))
    for rows in range(1, MOST_RECORDINGS + 4):
        for call in range(WARM_UP_CALLS + 3):
            x = torch.full((rows,), float(call), device="cuda")
            assert torch.equal(double(x), x * 2)


def test_a_resumed_run_is_the_run_that_was_not_interrupted(chain: MakeChain) -> None:
    whole, first, second = (agent_loop(chain, "cuda") for _ in range(3))
    run(whole)
    states = []

    def save() -> None:
        states.append(first.state_dict())
        if len(states) == 31:
            raise Killed

    with pytest.raises(Killed):
        first.run(Progress(STEPS, 0, io.StringIO()), save, save_interval=0)
    second.load_state_dict(states[-1])
    run(second)
    for name in ("losses", "evaluation", "open_loop"):
        assert second.recorder.tables[name] == whole.recorder.tables[name]
