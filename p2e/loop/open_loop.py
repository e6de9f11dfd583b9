"""Open-loop prediction: how far a model's imagined future is from what then happened.

The model is compared with evaluation episodes, on which it is not trained. It starts from some of
their states and is given the actions that were taken; its prediction after h steps is compared with
the observation there (the measure of Chua et al. 2018 and Hafner et al. 2019).
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

SEGMENTS = 50  # of each seed and evaluation
EXAMPLES, EXAMPLE_FEATURES = 3, 8  # what is kept of them to be drawn
SMALLEST_SPREAD = 1e-6  # a feature that varies less is left out: its error has no unit

Predict = Callable[[Tensor, Tensor, Tensor], Tensor | None]
Row = dict[str, float | int]


class Episodes(NamedTuple):
    """K episodes of each seed. Steps after the end of a shorter episode have no meaning."""

    observation: Float[Tensor, "S K T+1 O"]
    action: Float[Tensor, "S K T A"]
    memory: Float[Tensor, "S K T M"]  # of the policy, before the action
    lengths: Int64[Tensor, "S K"]


class EpisodeRecorder:
    """Keeps what an evaluation shows it, step by step."""

    def __init__(self) -> None:
        # The observation that ends an episode is only ever a next observation.
        self._observations: list[Tensor] = []
        self._actions: list[Tensor] = []
        self._memories: list[Tensor] = []

    def __call__(
        self,
        observation: Float[Tensor, "S K O"],
        action: Float[Tensor, "S K A"],
        memory: Float[Tensor, "S K M"],
        next_observation: Float[Tensor, "S K O"],
    ) -> None:
        if not self._observations:
            self._observations.append(observation)
        self._observations.append(next_observation)
        self._actions.append(action)
        self._memories.append(memory)

    def episodes(self, lengths: Int64[Tensor, "S K"]) -> Episodes:
        """All that was shown, as episodes of these lengths."""
        observation, action, memory = (
            torch.stack(steps, dim=2)
            for steps in (self._observations, self._actions, self._memories)
        )
        return Episodes(observation, action, memory, lengths)


class Segments(NamedTuple):
    """N pieces of each seed's episodes, evenly spread over all their steps."""

    memory: Float[Tensor, "S N M"]  # of the policy, before the first action
    truth: Float[Tensor, "S N H+1 O"]
    action: Float[Tensor, "S N H A"]
    running: Bool[Tensor, "S N H+1"]  # False behind the end of the episode


def cut_segments(episodes: Episodes, horizon: int, count: int = SEGMENTS) -> Segments:
    """Pieces of `horizon` steps; one that begins near the end of its episode is shorter."""
    lengths = episodes.lengths
    ends = lengths.cumsum(dim=1)
    total = ends[:, -1:]
    spread = torch.arange(count, device=lengths.device) * total // count  # (S, N) step numbers
    episode = torch.searchsorted(ends, spread, right=True)
    start = spread - (ends - lengths).gather(1, episode)
    times = start.unsqueeze(2) + torch.arange(horizon + 1, device=lengths.device)
    running = times <= lengths.gather(1, episode).unsqueeze(2)
    last = episodes.action.shape[2]
    return Segments(
        _pick(episodes.memory, episode, start.unsqueeze(2)).squeeze(2),
        _pick(episodes.observation, episode, times.clamp(max=last)),
        _pick(episodes.action, episode, times[:, :, :-1].clamp(max=last - 1)),
        running,
    )


def _pick(
    rows: Float[Tensor, "S K T F"], episode: Int64[Tensor, "S N"], times: Int64[Tensor, "S N H"]
) -> Float[Tensor, "S N H F"]:
    seed = torch.arange(len(rows), device=rows.device)[:, None, None]
    return rows[seed, episode.unsqueeze(2), times]


def relative_errors(
    prediction: Float[Tensor, "S N H O"], truth: Float[Tensor, "S N H O"], spread: Tensor
) -> Float[Tensor, "S N H"]:
    """Root mean square over the features that vary, each in units of its spread."""
    varies = spread > SMALLEST_SPREAD
    unit = torch.where(varies, spread, 1.0)[:, None, None]
    squared = ((prediction - truth) / unit).square() * varies[:, None, None]
    return (squared.sum(dim=-1) / varies.sum(dim=-1).clamp(min=1)[:, None, None]).sqrt()


class OpenLoop(NamedTuple):
    """What was predicted from the segments of one evaluation, and what is wrong with it."""

    segments: Segments
    prediction: Float[Tensor, "S N H O"]
    error: Float[Tensor, "S N H"]
    unchanged: Float[Tensor, "S N H"]  # of predicting that nothing changes

    def error_rows(self, seeds: Sequence[int]) -> Iterator[Row]:
        """Means over the segments that last as long as the horizon."""
        running = self.segments.running[:, :, 1:]
        count = running.sum(dim=1)
        means = [
            (torch.where(running, error, 0.0).sum(dim=1) / count).tolist()
            for error in (self.error, self.unchanged)
        ]
        for row, seed in enumerate(seeds):
            for place, segments in enumerate(count[row].tolist()):
                if segments > 0:
                    error, unchanged = (mean[row][place] for mean in means)
                    horizon = place + 1
                    yield {"seed": seed, "horizon": horizon, "error": error, "unchanged": unchanged}

    def example_rows(self, seeds: Sequence[int]) -> Iterator[Row]:
        """A few segments that are whole, in the observation's own units; of the features a few,
        spread evenly."""
        whole = self.segments.running.all(dim=2)
        features = self.segments.truth.shape[-1]
        shown = sorted({round(f) for f in np.linspace(0, features - 1, EXAMPLE_FEATURES)})
        for row, seed in enumerate(seeds):
            places = whole[row].nonzero().flatten().tolist()
            chosen = places[:: max(1, len(places) // EXAMPLES)][:EXAMPLES]
            for segment, place in enumerate(chosen):
                truth = self.segments.truth[row, place][:, shown]
                predicted = torch.cat([truth[:1], self.prediction[row, place][:, shown]])
                for time, pairs in enumerate(torch.stack([truth, predicted], dim=2).tolist()):
                    for feature, (value, guess) in zip(shown, pairs, strict=True):
                        place_in = {"seed": seed, "segment": segment, "time": time}
                        yield place_in | {"feature": feature, "truth": value, "predicted": guess}


def open_loop(
    predict: Predict, episodes: Episodes, horizon: int, spread: Float[Tensor, "S O"]
) -> OpenLoop | None:
    """Predict `horizon` steps from states of these episodes; None where there is no model.

    Args:
        spread: standard deviation of each feature over what was seen in training. That of the
            episodes themselves would be no unit: a policy that stands still has next to none.
        predict: observations (S, N, O), memories (S, N, M) and actions (S, N, H, A) to the
            observations after each action (S, N, H, O), or None.
    """
    segments = cut_segments(episodes, horizon)
    first, later = segments.truth[:, :, 0], segments.truth[:, :, 1:]
    prediction = predict(first, segments.memory, segments.action)
    if prediction is None:
        return None
    error = relative_errors(prediction, later, spread)
    unchanged = relative_errors(first.unsqueeze(2).expand_as(later), later, spread)
    return OpenLoop(segments, prediction, error, unchanged)


class ObservedSpread:
    """Running mean and standard deviation of each seed's observations (Welford 1962).

    In NumPy and float64: for one row a step that costs a tenth of what PyTorch needs, and a feature
    that never changes has a spread of exactly 0.
    """

    def __init__(self, seeds: int, features: int) -> None:
        self._count = 0
        self._mean = np.zeros((seeds, features))
        self._squares = np.zeros((seeds, features))  # sum of squared deviations from the mean

    def see(self, observation: npt.NDArray[np.float32]) -> None:
        """One more observation (S, O) of each seed."""
        self._count += 1
        before = observation - self._mean
        self._mean += before / self._count
        self._squares += before * (observation - self._mean)

    @property
    def deviation(self) -> npt.NDArray[np.float32]:
        """The standard deviation (S, O) of all that was seen; 0 before the second observation."""
        return np.sqrt(self._squares / max(self._count, 1)).astype(np.float32)

    def state_dict(self) -> dict[str, Any]:
        return {
            "count": self._count,
            "mean": torch.from_numpy(self._mean.copy()),
            "squares": torch.from_numpy(self._squares.copy()),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        found = {name: tuple(state[name].shape) for name in ("mean", "squares")}
        if any(shape != self._mean.shape for shape in found.values()):
            raise ValueError(
                f"the saved spread of observations has shapes {found}, expected {self._mean.shape}"
            )
        self._count = int(state["count"])
        self._mean, self._squares = (state[name].numpy().copy() for name in ("mean", "squares"))
