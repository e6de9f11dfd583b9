"""The indexing of imagined sequences, in a toy world with answers computed by hand."""

from typing import cast

import torch
from torch import Tensor, nn

from p2e.nn.generators import SeedGenerators
from p2e.world.encoder import Decoder
from p2e.world.feature_extractor import FeatureExtractor
from p2e.world.imagination import roll_out
from p2e.world.world_model import Prediction, WorldModel


class ChainModel(WorldModel):
    """Positions 0, 1, 2, ... on a line. The action is the change of position; the reward is the
    position that is reached; the memory counts steps; the task ends on reaching position `end`."""

    def __init__(self, end: float = float("inf")) -> None:
        nn.Module.__init__(self)
        self.end, self.latent_size, self.memory_size = end, 1, 1
        self.decoder = cast(Decoder, nn.Identity())

    def step(self, latent: Tensor, action: Tensor, memory: Tensor) -> tuple[Prediction, Tensor]:
        reached = latent + action
        logit = torch.where(reached >= self.end, -50.0, 50.0).squeeze(-1)
        return Prediction(reached, logit), memory + 1

    def reward(self, reached: Tensor, action: Tensor) -> Tensor:
        return reached.squeeze(-1)


def one_step_forward(features: Tensor) -> Tensor:
    return torch.ones_like(features[..., :1])


def only_the_step_from_two_is_unseen(features: Tensor, action: Tensor) -> Tensor:
    return ((features[..., 0] == 2) & (action[..., 0] == 1)).float()


def imagine_chain(model: ChainModel, starts: list[float], horizon: int) -> dict[str, Tensor]:
    rows, _, _ = imagine_with_ends(model, starts, horizon)
    return rows


def imagine_with_ends(
    model: ChainModel, starts: list[float], horizon: int
) -> tuple[dict[str, Tensor], Tensor, Tensor]:
    latent = torch.tensor(starts).view(1, -1, 1)
    return roll_out(
        FeatureExtractor(model),
        one_step_forward,
        only_the_step_from_two_is_unseen,
        latent,
        torch.zeros_like(latent),
        horizon,
        SeedGenerators([0], "test"),
    )


def column(rows: dict[str, Tensor], name: str, feature: int = 0) -> list[float]:
    return [round(value, 4) for value in rows[name][0, ..., feature].flatten().tolist()]


def test_where_the_trajectories_end_is_behind_their_last_row() -> None:
    _, latent, memory = imagine_with_ends(ChainModel(), [0.0, 10.0], horizon=4)
    assert (latent.flatten().tolist(), memory.flatten().tolist()) == ([4, 14], [4, 4])


def test_each_row_holds_the_state_before_and_the_outcome_after_its_action() -> None:
    rows = imagine_chain(ChainModel(), [0.0], horizon=4)
    assert column(rows, "observation") == [0, 1, 2, 3]
    assert column(rows, "observation", feature=1) == [0, 1, 2, 3], "memory before the step"
    assert column(rows, "action") == [1, 1, 1, 1]
    assert column(rows, "reward") == [1, 2, 3, 4], "the reward of reaching the next position"
    assert column(rows, "next_observation") == [1, 2, 3, 4]
    assert column(rows, "next_observation", feature=1) == [1, 2, 3, 4], "memory after the step"


def test_the_unseen_transition_is_credited_to_the_step_that_takes_it() -> None:
    rows = imagine_chain(ChainModel(), [0.0], horizon=4)
    assert column(rows, "disagreement") == [0, 0, 1, 0]


def test_nothing_follows_an_end() -> None:
    rows = imagine_chain(ChainModel(end=3), [1.0], horizon=4)
    assert column(rows, "observation") == [1, 2, 1, 2], "after the end it starts again"
    assert column(rows, "terminated") == [0, 1, 0, 1]
    assert column(rows, "next_observation") == [2, 3, 2, 3]
    assert column(rows, "observation", feature=1) == [0, 1, 0, 1], "with the memory of the start"


def test_trajectories_stand_side_by_side() -> None:
    rows = imagine_chain(ChainModel(), [0.0, 10.0], horizon=2)
    assert column(rows, "observation") == [0, 10, 1, 11]
    assert column(rows, "next_observation") == [1, 11, 2, 12]
