"""The rule by which an episode is filmed, declared before anybody sees one."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from runs.files import FINAL_SCORES, POLICY_DIGEST


@dataclass(frozen=True)
class MedianEpisode:
    """An episode of a run's final evaluation.

    Args:
        folder: the run.
        episodes: how many the final evaluation has of each seed.
        policy: sha256 of the policy that was evaluated.
    """

    folder: Path
    seed: int
    episode: int
    episodes: int
    policy: str


def median_episode(folders: Sequence[Path]) -> MedianEpisode:
    """The seed with the median final score of these runs, and its episode with the median return.

    Of an even number, the lower of the two in the middle; of equals, the lower number.

    Raises:
        OSError, ValueError: when the scores of a run cannot be read.
    """
    tables = [pd.read_csv(folder / FINAL_SCORES).assign(folder=str(folder)) for folder in folders]
    scores = pd.concat(tables, ignore_index=True)
    seed = _median(scores.groupby("seed")["return"].mean())
    of_seed = scores[scores["seed"] == seed].set_index("episode")
    episode = _median(of_seed["return"])
    row = of_seed.loc[episode]
    return MedianEpisode(
        Path(row["folder"]), seed, episode, len(of_seed), str(row.get(POLICY_DIGEST))
    )


def _median(values: "pd.Series[float]") -> int:
    """The label of the lower median."""
    ordered = values.sort_index().sort_values(kind="stable")
    return int(ordered.index[(len(ordered) - 1) // 2])
