"""One update of Soft Actor-Critic in C++: native/soft_actor_critic.cpp.

It is the update that `SoftActorCritic` makes of PyTorch's operators, on one core of a CPU and in
float32. It sums in another order, so that the numbers agree within rounding
(tests/test_native_update.py). benchmarks/NOTES.md says what it saves.
"""

import ctypes
import math
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.batch import TransitionBatch, require_shape
from p2e.metrics import Metrics
from p2e.nn.optimizer import SeedOptimizer
from p2e.nn.products import rounds_products

_FLOATS, _COUNT, _FLOAT = ctypes.c_void_p, ctypes.c_int64, ctypes.c_float
FIELDS = (*TransitionBatch._fields, "target_noise", "actor_noise")
METRICS = (
    *("critic_loss", "q_value", "critic_gradient_norm"),
    *("actor_loss", "alpha", "entropy", "actor_gradient_norm"),
)


class _Settings(ctypes.Structure):
    _fields_ = (
        *((name, _COUNT) for name in ("seeds", "rows", "features", "actions", "hidden_layers")),
        ("hidden", ctypes.POINTER(_COUNT)),
        *((n, _FLOAT) for n in ("discount", "target_rate", "target_entropy", "min_log_alpha")),
        ("rounded", ctypes.c_bool),
    )


class _Learned(ctypes.Structure):
    _fields_ = (
        *((name, _FLOATS) for name in ("weights", "means", "squares", "steps")),
        *((name, _FLOAT) for name in ("rate", "clip_norm")),
    )


class _Rows(ctypes.Structure):
    _fields_ = (("data", _FLOATS), ("to_next_seed", _COUNT), ("to_next_row", _COUNT))


class _Batch(ctypes.Structure):
    _fields_ = tuple((name, _Rows) for name in FIELDS)


class _Metrics(ctypes.Structure):
    _fields_ = tuple((name, _FLOATS) for name in METRICS)


class NativeUpdate:
    """The update as a function of a batch, noise and what is learned.

    Args:
        hidden: units of each hidden layer, of actor and of critics.
        min_alpha: 0 for no bound.
    """

    def __init__(
        self,
        hidden: Sequence[int],
        discount: float,
        target_rate: float,
        target_entropy: float,
        min_alpha: float,
    ) -> None:
        self._settings = _Settings(
            hidden_layers=len(hidden),
            hidden=(_COUNT * len(hidden))(*hidden),
            discount=discount,
            target_rate=target_rate,
            target_entropy=target_entropy,
            min_log_alpha=math.log(min_alpha) if min_alpha > 0 else -math.inf,
        )

    def __call__(
        self,
        actor: SeedOptimizer,
        critic: SeedOptimizer,
        temperature: SeedOptimizer,
        target_critic: Float[Tensor, "S 2 P"],
        batch: TransitionBatch,
        target_noise: Float[Tensor, "S B A"],
        actor_noise: Float[Tensor, "S B A"],
        rate_factor: float,
    ) -> Metrics:
        """Change weights, targets and the state of the optimisers in place.

        Args:
            actor, critic, temperature: optimisers of one parameter each.
            rate_factor: of the learning rates of actor and critic.

        Raises:
            CompilerError: in the first call, when there is no C++ compiler.
            ValueError: for a tensor that is not float32 or not on the CPU, or of another shape.
        """
        seeds, rows, features = batch.observation.shape
        fields = _checked((*batch, target_noise, actor_noise), batch.observation, batch.action)
        settings = self._settings
        settings.seeds, settings.rows, settings.features = seeds, rows, features
        settings.actions = batch.action.shape[2]
        settings.rounded = rounds_products(batch.observation.device)
        metrics = torch.empty(len(METRICS), seeds)
        pointers = (metrics.data_ptr() + 4 * seeds * row for row in range(len(METRICS)))
        native_library("soft_actor_critic.cpp").update(
            ctypes.byref(settings),
            ctypes.byref(_learned(actor, rate_factor)),
            ctypes.byref(_learned(critic, rate_factor)),
            ctypes.byref(_learned(temperature, 1.0)),
            _FLOATS(_address(target_critic)),
            ctypes.byref(_Batch(*map(_rows, fields))),
            ctypes.byref(_Metrics(*pointers)),
        )
        return dict(zip(METRICS, metrics.unbind(), strict=True))


def _learned(optimizer: SeedOptimizer, rate_factor: float) -> _Learned:
    clip = optimizer.clip_norm
    return _Learned(
        *(_address(tensor) for tensor in optimizer.only_parameter()),
        rate=optimizer.learning_rate * rate_factor,
        clip_norm=math.inf if clip is None else clip,
    )


def _checked(fields: Sequence[Tensor], observation: Tensor, action: Tensor) -> list[Tensor]:
    """The fields with each row's numbers side by side in memory.

    Shapes are checked because C++ would read on beyond the end of a tensor that is too small.
    """
    wide, per_action, per_row = observation.shape, action.shape, action.shape[:2]
    expected = (wide, per_action, per_row, wide, per_row, per_action, per_action)
    checked = []
    for name, field, shape in zip(FIELDS, fields, expected, strict=True):
        require_shape(name, field, shape)
        apart = field.dim() == 3 and field.stride(2) != 1
        checked.append(field.contiguous() if apart else field)
    return checked


def _rows(field: Float[Tensor, "S B *W"]) -> _Rows:
    return _Rows(_address(field), field.stride(0), field.stride(1))


def _address(tensor: Tensor) -> int:
    if tensor.dtype != torch.float32 or tensor.device.type != "cpu":
        raise ValueError(
            f"a compiled update got {tensor.dtype} on {tensor.device}, expected float32 on the CPU"
        )
    return tensor.data_ptr()


# The last two let square roots and conditions be done for several numbers at once; they change no
# number.
FLAGS = (
    *("-std=c++17", "-O3", "-march=native", "-ffp-contract=fast", "-shared", "-fPIC"),
    *("-fno-math-errno", "-fno-trapping-math"),
)
SOURCES = Path(__file__).parent


class CompilerError(Exception):
    """C++ cannot be compiled here."""


@cache
def native_library(source: str) -> ctypes.CDLL:
    """The library made of a C++ file in `native`.

    Raises:
        CompilerError: when there is no compiler, or when it does not take the file.
    """
    compiler = _compiler()
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "library.so"
        command = [compiler, *FLAGS, str(SOURCES / source), "-o", str(library)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
            first = next((line for line in lines if "error" in line), lines[0])
            raise CompilerError(f"{compiler} does not compile p2e/agent/native/{source}: {first}")
        return ctypes.CDLL(str(library))


def _compiler() -> str:
    asked = os.environ.get("CXX")
    for name in (asked,) if asked else ("g++", "clang++", "c++"):
        if name and shutil.which(name):
            return name
    raise CompilerError(
        f"a compiled update on a CPU needs a C++ compiler, and there is no "
        f"{asked or 'g++, clang++ or c++'}"
    )
