"""Imagination: rollouts of policies inside the world model.

Errors of indexing do not show in the losses. Row t of the result holds
    features(z_t, h_t), a_t ~ policy(features), reward and termination of the step t -> t+1,
    the disagreement about z_{t+1} given (z_t, a_t), and features(z_{t+1}, h_{t+1}).
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from p2e.batch import pick_rows
from p2e.nn.generators import SeedGenerators
from p2e.world.feature_extractor import FeatureExtractor
from p2e.world.world_model import Prediction

Act = Callable[[Tensor], Tensor]  # features (S, N, F) to actions (S, N, A)
Starts = tuple[Tensor, Tensor]  # latents (S, B, L) and memories (S, B, M)
Score = Callable[[Tensor, Tensor], Tensor]  # latents, actions to disagreement (S, N)


@torch.no_grad()
def roll_out(
    features: FeatureExtractor,
    act: Act,
    disagreement: Score,
    latent: Float[Tensor, "S N L"],
    memory: Float[Tensor, "S N M"],
    horizon: int,
    restarts: SeedGenerators,
) -> tuple[dict[str, Tensor], Float[Tensor, "S N L"], Float[Tensor, "S N M"]]:
    """Roll N trajectories of `horizon` steps forward from given states.

    Where the predicted probability of termination exceeds a half, the row is terminated with
    probability 1 and the trajectory restarts from one of the given states, so that no row lies
    behind a termination.

    Returns:
        Fields of (S, horizon, N, width): observation, action, reward, disagreement,
        next_observation, terminated; "observation" is what the agent sees, the features; "reached"
        is the normalised observation after the step. And the latents and memories after the last
        step.
    """
    model, starts = features.model, (latent, memory)
    steps: list[tuple[Tensor, ...]] = []
    for _ in range(horizon):
        seen = features.of_state(latent, memory)
        action = act(seen)
        prediction, next_memory = model.step(latent, action, memory)
        steps.append((latent, seen, action, *prediction, next_memory))
        ended = prediction.ended
        again = restarts.integers(latent.shape[1], latent.shape[1])
        latent, memory = prediction.next_latent, next_memory
        if ended.is_cuda or bool(ended.any()):  # to ask a GPU would be to wait for it
            latent = torch.where(ended.unsqueeze(-1), pick_rows(starts[0], again), latent)
            memory = torch.where(ended.unsqueeze(-1), pick_rows(starts[1], again), memory)
    # What follows is the same for all steps, and done once for all.
    before, seen, done, *predicted, after = (
        torch.stack(field, dim=1).flatten(1, 2) for field in zip(*steps, strict=True)
    )
    prediction = Prediction(*predicted)
    reached = model.decoder(prediction.next_latent)
    fields = as_fields(features, seen, done, prediction, reached, after)
    fields["terminated"].masked_fill_(prediction.ended.unsqueeze(-1), 1.0)
    fields |= {"reached": reached, "disagreement": disagreement(before, done).unsqueeze(-1)}
    return {name: x.unflatten(1, (horizon, -1)) for name, x in fields.items()}, latent, memory


def imagine_step(
    features: FeatureExtractor,
    latent: Float[Tensor, "S N L"],
    memory: Float[Tensor, "S N M"],
    action: Float[Tensor, "S N A"],
) -> tuple[dict[str, Tensor], Float[Tensor, "S N L"], Float[Tensor, "S N M"]]:
    """One step of each trajectory: its fields (S, N, width), and the latent and memory after it."""
    prediction, next_memory = features.model.step(latent, action, memory)
    reached = features.model.decoder(prediction.next_latent)
    seen = features.of_state(latent, memory)
    row = as_fields(features, seen, action, prediction, reached, next_memory)
    return row, prediction.next_latent, next_memory


def as_fields(
    features: FeatureExtractor,
    seen: Float[Tensor, "S N F"],
    action: Float[Tensor, "S N A"],
    prediction: Prediction,
    reached: Float[Tensor, "S N O"],
    next_memory: Float[Tensor, "S N M"],
) -> dict[str, Tensor]:
    """Steps of the world model as the agents see them: name -> (S, N, width)."""
    return {
        "observation": seen,
        "action": action,
        "reward": features.model.reward(reached, action).unsqueeze(-1),
        "next_observation": features.joined(prediction.next_latent, next_memory, reached),
        "terminated": prediction.terminated.unsqueeze(-1),
    }


def stack_steps(rows: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Fields of each of T steps, (S, N, width), to fields of them all, (S, T, N, width)."""
    return {name: torch.stack([row[name] for row in rows], dim=1) for name in rows[0]}
