"""policy.safetensors: the weights with which a trained policy acts, and whose they are.

Safetensors holds nothing but numbers and text: reading it executes nothing.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from p2e.algorithm import Stateful
from p2e.storage.checkpoint import CheckpointError
from p2e.storage.state_form import require_form

# All that is known about the run is one text: safetensors writes several in random order, and the
# same policy must have the same digest.
IDENTITY = "run"


def save_policy(
    path: Path, components: Mapping[str, Stateful], identity: Mapping[str, Any]
) -> None:
    """Write the weights of an algorithm's `policy_components`, tensor `<component>.<name>` each.

    Args:
        identity: which run it is, as JSON can hold it.

    Raises:
        TypeError: when the state of a component is not a dictionary of tensors.
        OSError: when it cannot be written.
    """
    tensors = {
        # A copy, because safetensors refuses tensors that share memory.
        name: tensor.detach().to("cpu", copy=True).contiguous()
        for name, tensor in _tensors_of(components).items()
    }
    path.write_bytes(save(tensors, {IDENTITY: json.dumps(identity, sort_keys=True)}))


def read_identity(path: Path) -> dict[str, Any]:
    """The run that a policy is of, as save_policy got it.

    Raises:
        CheckpointError: when the file is missing, damaged, or no policy of this program.
    """
    return _read(path)[1]


def load_policy(path: Path, components: Mapping[str, Stateful]) -> None:
    """Give these components the weights in a file.

    Raises:
        CheckpointError: when the file is missing, damaged, or holds a policy of another form; the
            components are then unchanged.
    """
    tensors, _ = _read(path)
    try:
        require_form(tensors, _tensors_of(components), "what acts")
    except ValueError as error:
        raise CheckpointError(f"policy '{path}' does not fit this run: {error}") from error
    for component, part in components.items():
        names = part.state_dict()
        part.load_state_dict({name: tensors[f"{component}.{name}"] for name in names})


def _tensors_of(components: Mapping[str, Stateful]) -> dict[str, Tensor]:
    tensors = {
        f"{component}.{name}": value
        for component, part in components.items()
        for name, value in part.state_dict().items()
    }
    for name, value in tensors.items():
        if not isinstance(value, Tensor):
            raise TypeError(f"{name} of a policy is a {type(value).__name__}, expected a tensor")
    return tensors


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    if not path.is_file():
        raise CheckpointError(f"policy '{path}' is missing: expected a file that train.py wrote")
    try:
        with safe_open(path, framework="pt") as file:
            identity = json.loads((file.metadata() or {})[IDENTITY])
            # Copies: the tensors of an open file are its bytes, which may change.
            return {name: file.get_tensor(name).clone() for name in file.keys()}, identity  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())
        raise CheckpointError(
            f"policy '{path}' is damaged, or not one of this program: {reason}"
        ) from error
