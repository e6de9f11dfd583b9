"""Replay buffers: rings of rows, one ring a seed, all at the same cursor.

Plan2Explore and MBPO hold two: real transitions (`sac_buffer`) and imagined ones
(`imagination_buffer`).
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from jaxtyping import Float, Int64, Shaped
from torch import Tensor

from p2e.batch import SequenceBatch, Transition, TransitionBatch, pick_rows, require_shape
from p2e.nn.generators import SeedGenerators

Fields = dict[str, Tensor]
OfField = Callable[[Tensor], Tensor]


class RowBuffer:
    """A ring of rows for each seed. The fields of a row lie side by side, so that drawing a
    batch is one gather.

    Args:
        seeds: S, the number of seeds.
        capacity: rows kept for each seed; the oldest is overwritten first.
        widths: field name -> number of features.
    """

    def __init__(
        self,
        seeds: int,
        capacity: int,
        widths: Mapping[str, int],
        device: torch.device | str = "cpu",
    ) -> None:
        self.capacity, self.widths = capacity, dict(widths)
        self._rows = torch.zeros(seeds, capacity, sum(widths.values()), device=device)
        self._offsets = (torch.arange(seeds, device=device) * capacity).unsqueeze(1)
        self._cursor = 0
        self.size = 0
        self._known: dict[tuple[str, OfField], Tensor] = {}

    def add(self, fields: Mapping[str, Shaped[Tensor, "S R W"]]) -> None:
        """Append R rows a seed, from whatever device.

        Raises:
            ValueError: when a field is missing, unknown, or of another shape than declared.
        """
        if fields.keys() != self.widths.keys():
            raise ValueError(f"buffer got fields {sorted(fields)}, expected {sorted(self.widths)}")
        rows = next(iter(fields.values())).shape[1]
        for name, width in self.widths.items():
            require_shape(
                f"buffer field '{name}'", fields[name], (self._rows.shape[0], rows, width)
            )
        packed = torch.cat([fields[name].float() for name in self.widths], dim=-1)
        packed = packed[:, -self.capacity :].to(self._rows.device, non_blocking=True)
        end = self._cursor + packed.shape[1]
        before_wrap = packed.shape[1] - max(0, end - self.capacity)
        self._rows[:, self._cursor : self._cursor + before_wrap] = packed[:, :before_wrap]
        if end > self.capacity:
            self._rows[:, : packed.shape[1] - before_wrap] = packed[:, before_wrap:]
        self._known.clear()
        self._cursor = end % self.capacity
        self.size = min(self.size + packed.shape[1], self.capacity)

    def take(self, rows: Int64[Tensor, "S B"]) -> Fields:
        """The given slots of each seed's ring: name -> (S, B, width)."""
        flat = (rows + self._offsets).flatten()
        packed = self._rows.flatten(0, 1).index_select(0, flat)
        packed = packed.view(*rows.shape, packed.shape[-1])
        widths = list(self.widths.values())
        return dict(zip(self.widths, packed.split(widths, dim=-1), strict=True))

    def sample(self, generators: SeedGenerators, rows: int, newest: int | None = None) -> Fields:
        """Uniform draws with replacement, from each seed's own stream: name -> (S, rows, width).

        Args:
            newest: draw among this many of the latest rows only; None for all that are held.
        """
        return self.take(self.draw(generators, rows, newest))

    def draw(
        self, generators: SeedGenerators, rows: int, newest: int | None = None
    ) -> Int64[Tensor, "S B"]:
        """The slots of such draws."""
        self._require_rows(1)
        span = self.size if newest is None else min(newest, self.size)
        ages = generators.integers(span, rows)
        return (self._cursor - 1 - ages) % self.capacity

    def windows(
        self, start: Int64[Tensor, "S B"], length: int
    ) -> tuple[Fields, Int64[Tensor, "S T B"]]:
        """Runs of consecutive rows, never across the ring's seam.

        Args:
            start: the first row of each, counted from the oldest; at most size - length.

        Returns:
            name -> (S, T, B, width) with T = length, and the slots they came from.
        """
        self._require_rows(length)
        ages = torch.arange(length, device=start.device).view(1, length, 1)
        slots = (self._oldest + start.unsqueeze(1) + ages) % self.capacity
        fields = self.take(slots.flatten(1))
        return {k: v.unflatten(1, slots.shape[1:]) for k, v in fields.items()}, slots

    def in_order(self, name: str) -> Float[Tensor, "S N W"]:
        """One field of all rows held, from the oldest to the newest."""
        low = self._offset_of(name)
        held = self._rows[:, : self.size, low : low + self.widths[name]]
        return held.roll(-self._oldest, dims=1) if self._oldest else held

    def known(self, name: str, of_field: OfField) -> Tensor:
        """What a function makes of one field of all rows held, in their order (S, N, W); computed
        once for the rows that are held now."""
        if (name, of_field) not in self._known:
            self._known[name, of_field] = of_field(self.in_order(name))
        return self._known[name, of_field]

    @property
    def _oldest(self) -> int:
        return self._cursor if self.size == self.capacity else 0

    def _offset_of(self, name: str) -> int:
        before = list(self.widths).index(name)
        return sum(list(self.widths.values())[:before])

    def write(self, name: str, slots: Int64[Tensor, "S R"], values: Tensor) -> None:
        """Overwrite one field of given slots; values are (S, R, width)."""
        self._known = {of: found for of, found in self._known.items() if of[0] != name}
        low = self._offset_of(name)
        flat = self._rows.flatten(0, 1)[:, low : low + self.widths[name]]
        flat[(slots + self._offsets).flatten()] = values.flatten(0, 1)

    def everything(self) -> Fields:
        """All rows held, in no stated order: name -> (S, size, width)."""
        slots = torch.arange(self.size, device=self._rows.device)
        return self.take(slots.expand(self._rows.shape[0], -1))

    def _require_rows(self, rows: int) -> None:
        if self.size < rows:
            raise ValueError(f"the buffer holds {self.size} rows, expected {rows} or more")

    def state_dict(self) -> dict[str, Any]:
        rows = self._rows[:, : self.size].clone()
        place = {"cursor": self._cursor, "size": self.size, "capacity": self.capacity}
        return {"rows": rows, **place}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        expected = (self._rows.shape[0], state["size"], self._rows.shape[2])
        require_shape("saved buffer rows", state["rows"], expected)
        if state["capacity"] != self.capacity:
            raise ValueError(
                f"saved buffer has capacity {state['capacity']}, expected {self.capacity}"
            )
        self._known.clear()
        self._cursor, self.size = state["cursor"], state["size"]
        self._rows[:, : self.size] = state["rows"]


def pick_fields(fields: Fields, rows: Int64[Tensor, "S R"]) -> Fields:
    """The given rows of each seed, of every field (S, B, width); one gather for them all."""
    packed = torch.cat(list(fields.values()), dim=-1)
    widths = [field.shape[-1] for field in fields.values()]
    return dict(zip(fields, pick_rows(packed, rows).split(widths, dim=-1), strict=True))


def real_fields(observation_size: int, action_size: int, memory_size: int = 0) -> dict[str, int]:
    """The fields of a buffer of real transitions."""
    return {
        "observation": observation_size,
        "action": action_size,
        "reward": 1,
        "next_observation": observation_size,
        "terminated": 1,
        "first": 1,
        "memory": memory_size,
    }


def transition_row(transition: Transition) -> Fields:
    """One step of every seed as a row of a buffer of real transitions."""
    fields = transition._asdict()
    return {k: (v.unsqueeze(-1) if v.dim() == 1 else v).unsqueeze(1) for k, v in fields.items()}


def as_transitions(fields: Fields) -> TransitionBatch:
    """Rows drawn from a buffer as a batch for the agent."""
    return TransitionBatch(
        fields["observation"],
        fields["action"],
        fields["reward"].squeeze(-1),
        fields["next_observation"],
        fields["terminated"].squeeze(-1),
    )


def buffer_of(rows: TransitionBatch) -> RowBuffer:
    """A buffer that holds these rows and no others."""
    fields = {
        name: value if value.dim() == 3 else value.unsqueeze(-1)
        for name, value in rows._asdict().items()
    }
    widths = {name: value.shape[-1] for name, value in fields.items()}
    seeds, steps = rows.reward.shape
    buffer = RowBuffer(seeds, steps, widths, rows.reward.device)
    buffer.add(fields)
    return buffer


def as_sequences(windows: Fields) -> SequenceBatch:
    """Windows drawn from a buffer as a batch for the world model."""
    return SequenceBatch(
        windows["observation"],
        windows["action"],
        windows["reward"].squeeze(-1),
        windows["next_observation"],
        windows["terminated"].squeeze(-1),
        windows["first"].squeeze(-1).bool(),
        windows["memory"][:, 0],
    )
