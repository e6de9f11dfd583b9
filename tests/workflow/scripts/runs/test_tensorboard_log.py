"""The rows of a run as TensorBoard reads them back."""

import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from p2e.config import ConfigError
from p2e.loop.recorder import Recorder, Row
from runs.tensorboard_log import TensorBoardLog


def episode(seed: int, step: int, episode_return: float) -> Row:
    return {"seed": seed, "step": step, "episode": 0, "return": episode_return, "length": 5}


def scalars(folder: Path, seed: int) -> dict[str, list[tuple[int, float]]]:
    """Tag -> (step, value) of every point of a seed."""
    events = EventAccumulator(str(folder / f"seed-{seed}"))
    events.Reload()
    return {
        tag: [(point.step, point.value) for point in events.Scalars(tag)]
        for tag in events.Tags()["scalars"]
    }


def record(recorder: Recorder, steps: Iterator[int] | range) -> None:
    """Two seeds, whose returns and losses tell seed and step."""
    for step in steps:
        for seed in (3, 4):
            recorder.add("training", episode(seed, step, 100.0 * seed + step))
            recorder.add("losses", {"seed": seed, "step": step, "critic_loss": 0.5 * step})


def test_each_number_is_a_scalar_of_its_seed_at_its_step(tmp_path: Path) -> None:
    recorder, log = Recorder(), TensorBoardLog(tmp_path)
    with closing(log):
        recorder.follow(log)
        record(recorder, range(1, 4))
    for seed in (3, 4):
        assert scalars(tmp_path, seed) == {
            "training/return": [(step, 100.0 * seed + step) for step in (1, 2, 3)],
            "training/length": [(step, 5.0) for step in (1, 2, 3)],
            "losses/critic_loss": [(step, 0.5 * step) for step in (1, 2, 3)],
        }


def test_the_episodes_of_an_evaluation_are_one_point(tmp_path: Path) -> None:
    recorder, log = Recorder(), TensorBoardLog(tmp_path)
    with closing(log):
        recorder.follow(log)
        for step in (0, 20):
            for seed in (3, 4):
                for value in (1.0, 2.0 + seed + step):
                    recorder.add("evaluation", episode(seed, step, value))
            recorder.add("open_loop", {"seed": 3, "step": step, "horizon": 1, "error": 9.0})
    assert scalars(tmp_path, 3)["evaluation/return"] == [(0, 3.0), (20, 13.0)]
    assert scalars(tmp_path, 4)["evaluation/return"] == [(0, 3.5), (20, 13.5)]
    assert not any(tag.startswith("open_loop") for tag in scalars(tmp_path, 3))


def test_a_resumed_run_has_every_point_once(tmp_path: Path) -> None:
    recorder, log = Recorder(), TensorBoardLog(tmp_path)
    with closing(log):
        recorder.follow(log)
        record(recorder, range(1, 3))
        state = recorder.state_dict()
        record(recorder, range(3, 5))  # after the last saved state

    resumed, again = Recorder(), TensorBoardLog(tmp_path)
    (tmp_path / "seed-3" / "events.out.tfevents.of-another-program").write_bytes(b"")
    resumed.load_state_dict(state)
    with closing(again):
        resumed.follow(again)
        record(resumed, range(3, 7))
    assert scalars(tmp_path, 3)["training/return"] == [(step, 300.0 + step) for step in range(1, 7)]
    assert (tmp_path / "seed-3" / "events.out.tfevents.of-another-program").exists()


def test_without_tensorboard_one_line_names_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ConfigError, match=r"pip install plan2explore-benchmark\[tensorboard\]"):
        TensorBoardLog(tmp_path)
