"""policy.safetensors: what acts comes back whole, and anything else is an error of one line."""

import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save
from torch import Tensor, nn

from p2e.algorithm import Stateful
from p2e.storage.checkpoint import CheckpointError
from p2e.storage.policy_file import load_policy, read_identity, save_policy
from tests.helpers.damage import empty, truncate
from tests.helpers.paths import ROOT

IDENTITY = {"config": {"algorithm": "sac", "seeds": [100, 101]}, "code_hash": "a"}


def parts(seed: int, hidden: int = 3) -> dict[str, Stateful]:
    torch.manual_seed(seed)
    return {"actor": nn.Linear(2, hidden), "normalizer": nn.BatchNorm1d(2)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A policy with its identity."""
    path = tmp_path / "policy.safetensors"
    save_policy(path, parts(seed=1), IDENTITY)
    return path


def weight(components: dict[str, Stateful]) -> Tensor:
    tensor: Tensor = components["actor"].state_dict()["weight"]
    return tensor


def test_weights_and_identity_come_back(path: Path) -> None:
    other = parts(seed=2)
    assert not torch.equal(weight(other), weight(parts(seed=1)))
    load_policy(path, other)
    assert torch.equal(weight(other), weight(parts(seed=1)))
    assert read_identity(path) == IDENTITY


def test_the_same_policy_has_the_same_bytes_in_every_process(path: Path, tmp_path: Path) -> None:
    """Safetensors writes several metadata in an order that differs between processes."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path; "
        "from tests.p2e.storage.test_policy_file import IDENTITY, parts; "
        "from p2e.storage.policy_file import save_policy; "
        "save_policy(Path(sys.argv[2]), parts(seed=1), dict(reversed(IDENTITY.items())))"
    )
    again = tmp_path / "again"
    subprocess.run([sys.executable, "-c", program, str(ROOT), str(again)], check=True)
    assert again.read_bytes() == path.read_bytes()


def test_tensors_that_share_memory_and_views_are_written(tmp_path: Path) -> None:
    whole = torch.arange(12.0).view(3, 4)

    class Views:
        def state_dict(self) -> dict[str, Any]:
            return {"first": whole[:, :2], "turned": whole.T}

        def load_state_dict(self, state: dict[str, Tensor]) -> None:
            self.loaded = state

    file, views = tmp_path / "policy.safetensors", Views()
    save_policy(file, {"views": views}, IDENTITY)
    load_policy(file, {"views": views})
    assert torch.equal(views.loaded["first"], whole[:, :2])
    assert torch.equal(views.loaded["turned"], whole.T)


def test_what_is_no_tensor_is_refused_when_it_is_written(tmp_path: Path) -> None:
    class Counted:
        def state_dict(self) -> dict[str, Any]:
            return {"updates": 3}

        def load_state_dict(self, state: Any) -> None: ...

    with pytest.raises(TypeError, match=r"counted\.updates of a policy is a int"):
        save_policy(tmp_path / "policy.safetensors", {"counted": Counted()}, IDENTITY)


def cut_in_the_header(data: bytes) -> bytes:
    return data[:20]


def foreign(data: bytes) -> bytes:
    return b"\x93NUMPY" + data


def longer(data: bytes) -> bytes:
    return data + b"\0"


def without_identity(data: bytes) -> bytes:
    return save({"actor.weight": torch.zeros(3, 2)})


class Malicious:
    """Ends the process if it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (sys.exit, (7,))


def malicious(data: bytes) -> bytes:
    return pickle.dumps(Malicious())


@pytest.mark.parametrize(
    "damage",
    [truncate, cut_in_the_header, empty, foreign, longer, without_identity, malicious],
)
def test_a_damaged_or_foreign_file_is_one_line(
    path: Path, damage: Callable[[bytes], bytes]
) -> None:
    path.write_bytes(damage(path.read_bytes()))
    for read in (lambda: load_policy(path, parts(seed=2)), lambda: read_identity(path)):
        with pytest.raises(CheckpointError) as raised:
            read()
        message = str(raised.value)
        assert message.startswith(f"policy '{path}' is damaged, or not one of this program: ")
        assert "\n" not in message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=f"'{tmp_path / 'none'}' is missing"):
        read_identity(tmp_path / "none")


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (
            parts(2, hidden=4),
            r"actor\.weight is a tensor of torch.float32 \(3, 2\), expected .*4, 2",
        ),
        ({"actor": parts(2)["actor"]}, r"what acts holds .*normalizer.*, expected"),
    ],
)
def test_a_policy_of_another_form_is_one_line_and_changes_nothing(
    path: Path, other: dict[str, Stateful], message: str
) -> None:
    before = weight(other).clone()
    with pytest.raises(CheckpointError, match=f"'{path}' does not fit this run: .*{message}"):
        load_policy(path, other)
    assert torch.equal(weight(other), before)


def test_the_identity_is_one_text_of_json(path: Path) -> None:
    header = path.read_bytes()
    assert json.dumps(json.dumps(IDENTITY, sort_keys=True)).encode() in header
