"""One update of Soft Actor-Critic in C++: soft_actor_critic.cpp.

It is the update that `ActorCritic.learn` makes of PyTorch's operators, on one core of a CPU and
in float32. It sums in another order, so that the numbers agree within rounding
(tests/p2e/agent/native/test_native_update.py). benchmarks/NOTES.md says what it saves.
"""

import ctypes
import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.agent.critic import TwinCritic
from p2e.agent.settings import SoftActorCriticConfig
from p2e.batch import TransitionBatch, require_shape
from p2e.metrics import Metrics
from p2e.nn.native.library import COUNT, FLOAT, POINTER, native_library
from p2e.nn.optimizer import Rate, SeedOptimizer
from p2e.nn.products import rounds_products

FIELDS = (*TransitionBatch._fields, "target_noise", "actor_noise")
METRICS = (
    *("critic_loss", "q_value", "critic_gradient_norm"),
    *("actor_loss", "alpha", "entropy", "actor_gradient_norm"),
)


class Settings(ctypes.Structure):
    """Sizes and constants of an update."""

    _fields_ = (
        *((name, COUNT) for name in ("seeds", "rows", "features", "actions", "hidden_layers")),
        ("hidden", ctypes.POINTER(COUNT)),
        *((n, FLOAT) for n in ("discount", "target_rate", "target_entropy", "min_log_alpha")),
        *((name, ctypes.c_bool) for name in ("critic_layer_norm", "rounded")),
    )


class Learned(ctypes.Structure):
    """Parameters (seeds, size) and the state of Adam, which counts its steps for all seeds; an
    infinite clip_norm for no limit."""

    _fields_ = (
        *((name, POINTER) for name in ("weights", "means", "squares", "steps")),
        *((name, FLOAT) for name in ("rate", "clip_norm")),
    )


class Rows(ctypes.Structure):
    """(seeds, rows, width) as it lies in memory: a field of a batch may be a part of wider rows."""

    _fields_ = (("data", POINTER), ("to_next_seed", COUNT), ("to_next_row", COUNT))


class Batch(ctypes.Structure):
    """The fields of a TransitionBatch, and the noise."""

    _fields_ = tuple((name, Rows) for name in FIELDS)


class MetricPointers(ctypes.Structure):
    """Where the metrics (seeds) are written."""

    _fields_ = tuple((name, POINTER) for name in METRICS)


STRUCTURES = (Settings, Learned, Rows, Batch, MetricPointers)


@cache
def _library() -> ctypes.CDLL:
    return native_library(Path(__file__).with_name("soft_actor_critic.cpp"), STRUCTURES)


class NativeUpdate:
    """The update as a function of a batch and of noise; changes what is learned in place.

    Args:
        actor, critic, temperature: optimisers of one parameter each.
        target_critic: that the update moves.
        target_entropy: as a number, which the settings may leave open.
    """

    def __init__(
        self,
        actor: SeedOptimizer,
        critic: SeedOptimizer,
        temperature: SeedOptimizer,
        target_critic: TwinCritic,
        config: SoftActorCriticConfig,
        target_entropy: float,
    ) -> None:
        self._actor, self._critic, self._temperature = actor, critic, temperature
        self._target = target_critic.network
        hidden, floor = config.hidden, config.min_alpha
        self._settings = Settings(
            hidden_layers=len(hidden),
            hidden=(COUNT * len(hidden))(*hidden),
            discount=config.discount,
            target_rate=config.target_rate,
            target_entropy=target_entropy,
            min_log_alpha=math.log(floor) if floor > 0 else -math.inf,
            critic_layer_norm=config.critic_layer_norm,
        )

    def __call__(
        self,
        batch: TransitionBatch,
        target_noise: Float[Tensor, "S B A"],
        actor_noise: Float[Tensor, "S B A"],
        rate: Rate,
    ) -> Metrics:
        """One update.

        Args:
            rate: factor of the learning rates of actor and critic.

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
        _library().update(
            ctypes.byref(settings),
            ctypes.byref(_learned(self._actor, float(rate))),
            ctypes.byref(_learned(self._critic, float(rate))),
            ctypes.byref(_learned(self._temperature, 1.0)),
            POINTER(_address(self._target.weights)),
            ctypes.byref(Batch(*map(_rows, fields))),
            ctypes.byref(MetricPointers(*pointers)),
        )
        return dict(zip(METRICS, metrics.unbind(), strict=True))


def _learned(optimizer: SeedOptimizer, rate: float) -> Learned:
    clip = optimizer.clip_norm
    return Learned(
        *(_address(tensor) for tensor in optimizer.only_parameter()),
        rate=optimizer.learning_rate * rate,
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


def _rows(field: Float[Tensor, "S B *W"]) -> Rows:
    return Rows(_address(field), field.stride(0), field.stride(1))


def _address(tensor: Tensor) -> int:
    if tensor.dtype != torch.float32 or tensor.device.type != "cpu":
        raise ValueError(
            f"a compiled update got {tensor.dtype} on {tensor.device}, expected float32 on the CPU"
        )
    return tensor.data_ptr()
