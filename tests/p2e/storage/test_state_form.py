"""An error names the mismatch of a state's form; parts that fill during training may differ."""

import io
from typing import Any

import pytest
import torch

import train
from envs import task_ids
from p2e.algorithms import algorithm_names
from p2e.loop.progress import Progress
from p2e.storage.state_form import require_form
from runs.settings.run_settings import resolve_settings
from runs.training_run import TrainingRun
from tests.acceptance.fuzz import small_suite

FRESH: dict[str, Any] = {
    "step": 0,
    "rows": torch.zeros(2, 0, 3),
    "weights": torch.zeros(4, 5),
    "episode": [0, 0],
    "sums": {},
    "steps": [],
    "trained_at": None,
}
LATER = FRESH | {
    "step": 7,
    "rows": torch.ones(2, 9, 3),
    "episode": [1, 2],
    "sums": {"loss": 1.0},
    "steps": [3, 4],
    "trained_at": 5,
}


def test_a_later_state_has_the_form_of_a_fresh_one() -> None:
    require_form(FRESH, FRESH, "state")
    require_form(LATER, FRESH, "state")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"step": "x"}, r"state\.step is of kind str, expected of kind int"),
        ({"step": None}, r"state\.step is nothing"),
        ({"rows": torch.ones(2, 9, 4)}, r"state\.rows is a tensor of torch.float32 \(2, 9, 4\)"),
        ({"rows": torch.ones(2, 9)}, r"state\.rows"),
        ({"weights": torch.zeros(4, 6)}, r"expected a tensor of torch\.float32 \(4, 5\)"),
        ({"weights": torch.zeros(4, 5).int()}, r"state\.weights is a tensor of torch\.int32"),
        ({"episode": [1]}, r"state\.episode has 1 elements, expected 2"),
        ({"episode": [1, "x"]}, r"state\.episode\[1\] is of kind str"),
        ({"other": 1}, r"state holds \['episode', 'other'"),
    ],
)
def test_another_form_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        require_form(LATER | change, FRESH, "state")


CASES = [(name, "sac") for name in task_ids()]
CASES += [("Pendulum-v1", name) for name in algorithm_names() if name != "sac"]


@pytest.mark.parametrize(("environment", "algorithm"), CASES)
def test_a_real_run_keeps_the_form_of_its_state(environment: str, algorithm: str) -> None:
    """Otherwise it could not resume. Each task with one algorithm, each algorithm once."""
    settings = {key: small_suite()[key] for key in ("training", algorithm)}
    arguments = ["--algorithm", algorithm, "--environment", environment, "--seeds", "3,4"]
    arguments += ["--steps", "45", "--output", "unused", "--device", "cpu"]
    options = train.parse_arguments(arguments)
    resolved = resolve_settings(algorithm, environment, "3,4", 45, settings)
    fresh, trained = (TrainingRun(resolved, options)._build_loop() for _ in range(2))
    progress = Progress(45, 0, io.StringIO())
    for _ in range(45):
        trained.advance(progress)
        require_form(trained.state_dict(), fresh.state_dict(), "state")
