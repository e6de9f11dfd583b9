"""The recurrent world model: (latent, action, memory) to next latent, reward and continuation."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from p2e.nn.batched_linear import normalise_rows
from p2e.nn.batched_mlp import BatchedMLP
from p2e.nn.compilation import infers_in_cpp
from p2e.nn.generators import SeedGenerators
from p2e.nn.gru_cell import GRUCell
from p2e.nn.normalizers import RewardRange, RunningChange, RunningNormalizer
from p2e.nn.perceptron import SILU
from p2e.world.encoder import Decoder, Encoder
from p2e.world.native.world_step import world_step
from p2e.world.reward_heads import RewardHeads


class Prediction(NamedTuple):
    """What the world model says about one step of each row."""

    next_latent: Float[Tensor, "S B L"]
    continuation_logit: Float[Tensor, "S B"]

    @property
    def terminated(self) -> Float[Tensor, "S B"]:
        """The predicted probability that the task ends with this step."""
        return torch.sigmoid(-self.continuation_logit)

    @property
    def ended(self) -> Bool[Tensor, "S B"]:
        """Where that probability is more than a half."""
        return self.continuation_logit < 0


class WorldModel(nn.Module):
    """Encoder, GRU dynamics with one head for next latent and continuation, decoder, reward heads.

    The next latent is predicted as a change of the latent, in units of how much latents change in
    a step, and normalised as the encoder's latents are. All observations that go in or come out
    are in the task's own units.
    The reward is predicted from the observation that is reached, and the action.
    With a memory of size 0 there is no GRU: the head sees latent and action alone.
    """

    def __init__(
        self,
        observation_size: int,
        action_size: int,
        latent_size: int,
        memory_size: int,
        hidden: Sequence[int],
        generators: SeedGenerators,
    ) -> None:
        super().__init__()
        lead = (len(generators),)
        self.observation_size = observation_size
        self.latent_size, self.memory_size = latent_size, memory_size
        self.normalizer = RunningNormalizer(len(generators), observation_size, generators.device)
        self.observation_change = RunningChange(
            len(generators), observation_size, generators.device
        )
        self.latent_change = RunningChange(len(generators), 1, generators.device)
        self.reward_range = RewardRange(len(generators), generators.device)
        self.encoder = Encoder(observation_size, latent_size, hidden, generators)
        self.cell: GRUCell | None = None
        if memory_size > 0:
            self.cell = GRUCell(latent_size + action_size, memory_size, generators)
        head_sizes = [memory_size + latent_size + action_size, *hidden]
        self.head = BatchedMLP(lead, [*head_sizes, latent_size + 1], generators, SILU)
        self.decoder = Decoder(observation_size, latent_size, hidden, generators)
        self.reward_heads = RewardHeads(observation_size, action_size, generators)

    def parts_of_the_world_loss(self) -> Iterator[nn.Parameter]:
        """All parameters but those of the reward heads, which learn by themselves."""
        return (p for n, p in self.named_parameters() if not n.startswith("reward_heads."))

    def acting_parts(self) -> dict[str, nn.Module]:
        """What turns observations and actions into latents and memories."""
        parts: dict[str, nn.Module] = {"normalizer": self.normalizer, "encoder": self.encoder}
        return parts if self.cell is None else parts | {"cell": self.cell}

    def encode(self, observation: Float[Tensor, "S B O"]) -> Float[Tensor, "S B L"]:
        """Latents of observations."""
        latent: Tensor = self.encoder(self.normalizer(observation))
        return latent

    def decode(self, latent: Float[Tensor, "S B L"]) -> Float[Tensor, "S B O"]:
        """Observations of latents."""
        return self.normalizer.inverse(self.decoder(latent))

    def remember(
        self,
        latent: Float[Tensor, "S B L"],
        action: Float[Tensor, "S B A"],
        memory: Float[Tensor, "S B M"],
    ) -> Float[Tensor, "S B M"]:
        """The memory after a step: it knows the latent and the action of that step."""
        if self.cell is None:
            return memory
        next_memory: Tensor = self.cell(torch.cat([latent, action], dim=-1), memory)
        return next_memory

    def predict(
        self,
        latent: Float[Tensor, "S B L"],
        action: Float[Tensor, "S B A"],
        next_memory: Float[Tensor, "S B M"],
    ) -> Prediction:
        """The outcome of a step, given the memory after it."""
        known = torch.cat([next_memory, latent, action], dim=-1)
        change, continuation = self.head(known).split([self.latent_size, 1], dim=-1)
        next_latent = normalise_rows(latent + change * self.latent_change.scale)
        return Prediction(next_latent, continuation.squeeze(-1))

    def reward(
        self, reached: Float[Tensor, "S B O"], action: Float[Tensor, "S B A"]
    ) -> Float[Tensor, "S B"]:
        """The predicted reward of reaching a normalised observation, in the task's own unit, within
        the range of those met."""
        return self.reward_heads.predict(reached, action, self.reward_range)

    def step(
        self,
        latent: Float[Tensor, "S B L"],
        action: Float[Tensor, "S B A"],
        memory: Float[Tensor, "S B M"],
    ) -> tuple[Prediction, Float[Tensor, "S B M"]]:
        """One step of imagination: the outcome, and the memory after it."""
        if self.cell is not None and infers_in_cpp(latent):
            scale = self.latent_change.scale
            *outcome, after = world_step(self.cell, self.head, scale, latent, action, memory)
            return Prediction(*outcome), after
        next_memory = self.remember(latent, action, memory)
        return self.predict(latent, action, next_memory), next_memory

    def remember_sequence(
        self,
        latent: Float[Tensor, "S T B L"],
        action: Float[Tensor, "S T B A"],
        first: Bool[Tensor, "S T B"],
        memory: Float[Tensor, "S B M"],
    ) -> tuple[Float[Tensor, "S T B M"], Float[Tensor, "S T B M"]]:
        """Memories along a sequence of observed latents.

        Args:
            first: where an episode begins; the memory is zero there, so nothing crosses episodes.
            memory: the memory before the first step.

        Returns:
            The memory before each step (zero where `first`), and the memory after it.
        """
        if self.cell is None:
            none = memory.unsqueeze(1).expand(-1, latent.shape[1], -1, -1)
            return none, none
        return self.cell.sequence(torch.cat([latent, action], dim=-1), first, memory)
